import { type TSchema, Type } from '@sinclair/typebox'
import { type DocumentFamily, FAMILIES, MODES } from '../../documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../documents/defaults.ts'
import { firstField, partial } from './patch.ts'
import { any, component, examplesOf, UPDATED_AT, UserId, Version } from './registry.ts'

/** One of several components, with the examples of all. */
export function oneOf(...refs: readonly TSchema[]): TSchema {
  return Type.Union([...refs], { examples: refs.flatMap(examplesOf) })
}

export const Change = component(
  'Change',
  Type.Object({
    document: Type.String({ examples: ['mode.scalp'] }),
    path: Type.String({ examples: ['confidence.min_confidence'] }),
    current: Type.Optional(any("the user's value; absent = the user has no such field")),
    default: Type.Optional(any('absent = the defaults have no such field')),
    new: Type.Optional(any('dry run of a PUT: what would be stored')),
    risk: Type.Union([Type.Literal('high'), Type.Literal('medium'), Type.Literal('low')]),
    impact: Type.Optional(Type.String()),
    recommendation: Type.Optional(Type.String()),
  }),
)

export const EXAMPLE_CHANGE = {
  document: 'mode.scalp',
  path: 'confidence.min_confidence',
  current: 30,
  default: 40,
  risk: 'medium',
}

export const ChangeReport = component(
  'ChangeReport',
  Type.Object(
    {
      applied: Type.Boolean(),
      all_match: Type.Boolean(),
      total_changes: Type.Integer({ minimum: 0 }),
      changes: Type.Array(Change),
    },
    { examples: [{ applied: true, all_match: false, total_changes: 1, changes: [EXAMPLE_CHANGE] }] },
  ),
)

export const HistoryEntry = component(
  'HistoryEntry',
  Type.Object({
    version: Version,
    updated_at: Type.String({ format: 'date-time' }),
    updated_by: Type.String({
      description: '`42`, `admin:7`, `service:bot`, `service:ui/alice` (X-Actor), `sql:<role>`',
    }),
    reason: Type.String({
      description: 'put, load-defaults, reset, rollback, provision, import, sync-defaults, sql',
    }),
    changes: Type.Array(
      Type.Object({
        path: Type.String(),
        from: Type.Optional(any('before')),
        to: Type.Optional(any('after')),
      }),
    ),
  }),
)

export const History = component(
  'History',
  Type.Array(HistoryEntry, {
    examples: [
      [
        {
          version: 2,
          updated_at: UPDATED_AT,
          updated_by: 'service:bot',
          reason: 'put',
          changes: [{ path: 'confidence.min_confidence', from: 40, to: 45 }],
        },
      ],
    ],
  }),
)

/** Names of a family's schemas: `ModeData`, `Mode` (the envelope), `ModePatch`. */
export interface FamilyComponents {
  readonly data: TSchema
  readonly envelope: TSchema
  readonly patch: TSchema
  /** Of each section with a route. */
  readonly sections: Readonly<Record<string, EnvelopeComponents>>
}
type EnvelopeComponents = Pick<FamilyComponents, 'data' | 'envelope' | 'patch'>

const families = new Map(FAMILIES.map(family => [family.family, defineFamily(family)]))

export function familyComponents({ family }: DocumentFamily): FamilyComponents {
  return families.get(family)!
}

function defineFamily(family: DocumentFamily): FamilyComponents {
  const name = pascal(family.family)
  const kind = family.route.includes(':mode') ? `${family.family}.scalp` : family.family
  const example = documentDefaults(BUILT_IN_DEFAULTS, kind)
  const sections = (family.sections ?? []).map(section => [
    section.name,
    defineEnvelope(
      `${name}${pascal(section.name)}`,
      family.schema.properties[section.name]!,
      example[section.name],
    ),
  ])
  return { ...defineEnvelope(name, family.schema, example), sections: Object.fromEntries(sections) }
}

function defineEnvelope(name: string, schema: TSchema, example: unknown): EnvelopeComponents {
  const data = component(`${name}Data`, { ...schema, examples: [example] })
  const envelope = component(
    name,
    Type.Object(
      { version: Version, updated_at: Type.String({ format: 'date-time' }), data },
      { examples: [{ version: 7, updated_at: UPDATED_AT, data: example }] },
    ),
  )
  const patch = component(`${name}Patch`, {
    ...partial(schema),
    description: 'the data whole or in part',
    examples: [firstField(example)],
  })
  return { data, envelope, patch }
}

const byMode = (family: string) =>
  Type.Object(Object.fromEntries(MODES.map(mode => [mode, Type.Optional(families.get(family)!.envelope)])))

/** An envelope with the defaults; of one mode where there are four documents. */
function exampleOf({ family, route }: DocumentFamily): unknown {
  const envelope = (kind: string) => ({
    version: 7,
    updated_at: UPDATED_AT,
    data: documentDefaults(BUILT_IN_DEFAULTS, kind),
  })
  return route.includes(':mode') ? { scalp: envelope(`${family}.scalp`) } : envelope(family)
}

const decisionName = ({ family }: DocumentFamily) => (family === 'mode' ? 'modes' : family)
const familyExamples = (family: string) => [exampleOf(FAMILIES.find(each => each.family === family)!)]

export const DecisionSettings = component(
  'DecisionSettings',
  Type.Object(
    {
      user_id: UserId,
      ...Object.fromEntries(
        FAMILIES.map(family => [
          decisionName(family),
          family.route.includes(':mode') ? byMode(family.family) : families.get(family.family)!.envelope,
        ]),
      ),
    },
    {
      examples: [
        {
          user_id: '42',
          ...Object.fromEntries(FAMILIES.map(family => [decisionName(family), exampleOf(family)])),
        },
      ],
    },
  ),
)

export const Modes = component('Modes', { ...byMode('mode'), examples: familyExamples('mode') })
export const SafetySettings = component('SafetySettings', {
  ...byMode('safety'),
  examples: familyExamples('safety'),
})

function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
