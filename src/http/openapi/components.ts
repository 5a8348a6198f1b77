import { type TSchema, Type } from '@sinclair/typebox'
import { type DocumentFamily, FAMILIES, kindOf, MODES, type Mode } from '../../documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../documents/defaults.ts'
import { firstField, partial } from './patch.ts'
import { Fault } from './problem.ts'
import { any, component, enumeration, examplesOf, UPDATED_AT, UserId, Version } from './registry.ts'

/** Exactly one of several components, with the examples of all. No answer may match two of them. */
export function oneOf(...refs: readonly TSchema[]): TSchema {
  return Type.Unsafe({ oneOf: [...refs], examples: refs.flatMap(examplesOf) })
}

/** One of several components, with the examples of all. An answer may match more than one. */
export function anyOf(...refs: readonly TSchema[]): TSchema {
  return Type.Unsafe({ anyOf: [...refs], examples: refs.flatMap(examplesOf) })
}

export const FieldChange = component(
  'Change',
  Type.Object({
    document: Type.String({ examples: ['mode.scalp'] }),
    path: Type.String({ examples: ['confidence.min_confidence'] }),
    current: Type.Optional(any("the user's value; absent = the user has no such field")),
    default: Type.Optional(any('absent = the defaults have no such field')),
    new: Type.Optional(any('dry run of a PUT: what would be stored')),
    risk: enumeration(['high', 'medium', 'low']),
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

export const Warnings = Type.Optional(
  Type.Array(Type.Object({ document: Type.String(), path: Type.String(), message: Type.String() }), {
    description: 'stored values that the present rules do not allow; absent = none',
  }),
)

export const ChangeReport = component(
  'ChangeReport',
  Type.Object(
    {
      applied: Type.Boolean(),
      all_match: Type.Boolean(),
      total_changes: Type.Integer({ minimum: 0 }),
      changes: Type.Array(FieldChange),
      warnings: Warnings,
    },
    { examples: [{ applied: true, all_match: false, total_changes: 1, changes: [EXAMPLE_CHANGE] }] },
  ),
)

const REASONS = [
  ...['put', 'load-defaults', 'reset', 'rollback', 'provision', 'import', 'sync-defaults', 'sql', 'delete'],
  ...['schedule', 'schedule-refused', 'bulk'],
]

/** The answer to a dry run of a PUT. Only it has `applied`, and only an envelope has `version`. */
export const DryRunReport = component(
  'DryRunReport',
  Type.Object(
    {
      applied: Type.Literal(false),
      all_match: Type.Boolean(),
      total_changes: Type.Integer({ minimum: 0 }),
      changes: Type.Array(FieldChange),
      warnings: Warnings,
    },
    { examples: [{ applied: false, all_match: false, total_changes: 1, changes: [EXAMPLE_CHANGE] }] },
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
    reason: enumeration(REASONS, { description: 'later versions may have more' }),
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
  /** Components of each section with a route. */
  readonly sections: Readonly<Record<string, EnvelopeComponents>>
}
type EnvelopeComponents = Pick<FamilyComponents, 'data' | 'envelope' | 'patch'>

const families = new Map(FAMILIES.map(family => [family.family, defineFamily(family)]))

export function familyComponents({ family }: DocumentFamily): FamilyComponents {
  return families.get(family)!
}

function defineFamily(family: DocumentFamily): FamilyComponents {
  const name = pascal(family.family)
  const kind = kindOf(family, 'scalp')
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
      {
        version: Version,
        updated_at: Type.String({ format: 'date-time' }),
        data,
        warnings: Type.Optional(
          Type.Array(Fault, {
            description:
              'in answers to writes: stored values that the present rules do not allow; absent = none',
          }),
        ),
      },
      { examples: [{ version: 7, updated_at: UPDATED_AT, data: example }] },
    ),
  )
  const patch = component(`${name}Patch`, {
    ...partial(schema),
    description: 'the data, complete or in part',
    examples: [firstField(example)],
  })
  return { data, envelope, patch }
}

/** The envelopes of all modes, or of exactly one of them. */
const byMode = (family: string, how: 'all' | 'one') => {
  const { envelope } = families.get(family)!
  const field = how === 'all' ? envelope : Type.Optional(envelope)
  const bounds = how === 'all' ? {} : { minProperties: 1, maxProperties: 1 }
  return Type.Object(Object.fromEntries(MODES.map(mode => [mode, field])), bounds)
}

/** An envelope with the defaults, or one per mode where the family has one document per mode. */
function exampleOf({ family, perMode }: DocumentFamily, modes: readonly Mode[]): unknown {
  const envelope = (kind: string) => ({
    version: 7,
    updated_at: UPDATED_AT,
    data: documentDefaults(BUILT_IN_DEFAULTS, kind),
  })
  if (!perMode) return envelope(family)
  return Object.fromEntries(modes.map(mode => [mode, envelope(`${family}.${mode}`)]))
}

const decisionName = ({ family }: DocumentFamily) => (family === 'mode' ? 'modes' : family)

function defineDecision(name: string, how: 'all' | 'one'): TSchema {
  const fields = FAMILIES.map(family => [
    decisionName(family),
    family.perMode ? byMode(family.family, how) : families.get(family.family)!.envelope,
  ])
  const modes = how === 'all' ? MODES : (['scalp'] as const)
  const examples = FAMILIES.map(family => [decisionName(family), exampleOf(family, modes)])
  return component(
    name,
    Type.Object(
      { user_id: UserId, ...Object.fromEntries(fields) },
      { examples: [{ user_id: '42', ...Object.fromEntries(examples) }] },
    ),
  )
}

export const DecisionSettings = defineDecision('DecisionSettings', 'all')
/** The answer with `?mode=`. */
export const DecisionSettingsOfMode = defineDecision('DecisionSettingsOfMode', 'one')

function defineBundle(name: string, family: string): TSchema {
  const example = exampleOf(FAMILIES.find(each => each.family === family)!, MODES)
  return component(name, { ...byMode(family, 'all'), examples: [example] })
}

export const Modes = defineBundle('Modes', 'mode')
export const SafetySettings = defineBundle('SafetySettings', 'safety')

/** `scalp_reentry` -> `ScalpReentry`. */
export function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
