import { type TSchema, Type } from '@sinclair/typebox'
import { USER_ID_PATTERN } from '../../auth/user-id.ts'
import { type DocumentFamily, FAMILIES, MODES } from '../../documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../documents/defaults.ts'

/** Named schemas of the OpenAPI document. `ref` points to one; `allComponents` registers them all. */
const components = new Map<string, TSchema>()

export function ref(id: string): TSchema {
  if (!components.has(id)) throw new Error(`there is no component ${id}`)
  return Type.Unsafe({ $ref: `${id}#` })
}

export function allComponents(): TSchema[] {
  return [...components.values()]
}

function component(id: string, schema: TSchema): TSchema {
  components.set(id, { ...schema, $id: id })
  return ref(id)
}

/** One of several components, with the examples of all. */
export function oneOf(...refs: readonly TSchema[]): TSchema {
  const examples = refs.flatMap(({ $ref }) => components.get(String($ref).slice(0, -1))?.examples ?? [])
  return Type.Union([...refs], { examples })
}

const UPDATED_AT = '2026-01-06T12:00:00.000Z'
const any = (description: string) => Type.Unsafe<unknown>({ description })
const Version = Type.Integer({ minimum: 1, description: 'grows by one with each change, never restarts' })

export const UserId = Type.String({ pattern: USER_ID_PATTERN, examples: ['42'] })

export const Fault = component(
  'Fault',
  Type.Object({
    path: Type.String({ description: 'dotted path inside the body; empty = the body itself' }),
    message: Type.String(),
  }),
)

export const Problem = component(
  'Problem',
  Type.Object(
    {
      type: Type.String(),
      title: Type.String(),
      status: Type.Integer(),
      detail: Type.String(),
      instance: Type.String({ description: 'id of the request' }),
      code: Type.String({ description: 'stable; what programs should look at' }),
      errors: Type.Optional(Type.Array(Fault, { description: 'all faults of the input at once' })),
      current: Type.Optional(any('412: the current envelope')),
    },
    { description: 'RFC 9457' },
  ),
)

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

const EXAMPLE_CHANGE = {
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

export const Comparison = component(
  'Comparison',
  Type.Object(
    {
      all_match: Type.Boolean(),
      total_changes: Type.Integer({ minimum: 0 }),
      high_risk: Type.Integer({ minimum: 0 }),
      medium_risk: Type.Integer({ minimum: 0 }),
      low_risk: Type.Integer({ minimum: 0 }),
      documents: Type.Record(Type.String(), Type.Array(Change), { description: 'by kind of document' }),
    },
    {
      examples: [
        {
          all_match: false,
          total_changes: 1,
          high_risk: 0,
          medium_risk: 1,
          low_risk: 0,
          documents: { 'mode.scalp': [EXAMPLE_CHANGE] },
        },
      ],
    },
  ),
)

export const HistoryEntry = component(
  'HistoryEntry',
  Type.Object({
    version: Version,
    updated_at: Type.String({ format: 'date-time' }),
    updated_by: Type.String({ description: '`42`, `admin:7`, `service:bot`, `sql:<role>`' }),
    reason: Type.String({
      description: 'put, load-defaults, reset, rollback, provision, sync-defaults, sql',
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

/** The schema of a patch: no field of any object is required. */
function partial(schema: TSchema): TSchema {
  const { required: _, properties, ...rest } = schema
  if (properties === undefined) return schema
  const fields = Object.entries<TSchema>(properties).map(([name, field]) => [name, partial(field)])
  return { ...rest, properties: Object.fromEntries(fields) } as TSchema
}

/** The smallest patch: one field with its groups around it. */
function firstField(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data
  return Object.fromEntries(
    Object.entries(data)
      .slice(0, 1)
      .map(([name, value]) => [name, firstField(value)]),
  )
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
const examplesOf = (family: string) => [exampleOf(FAMILIES.find(each => each.family === family)!)]

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

export const Modes = component('Modes', { ...byMode('mode'), examples: examplesOf('mode') })
export const SafetySettings = component('SafetySettings', {
  ...byMode('safety'),
  examples: examplesOf('safety'),
})

export const Defaults = component(
  'Defaults',
  Type.Object(
    {
      version: Version,
      updated_at: Type.String({ format: 'date-time' }),
      data: Type.Unsafe({ type: 'object', description: 'the format of default-settings.json' }),
    },
    { examples: [{ version: 1, updated_at: UPDATED_AT, data: BUILT_IN_DEFAULTS }] },
  ),
)

function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
