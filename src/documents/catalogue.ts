import type { TObject } from '@sinclair/typebox'
import { CapitalAllocationSchema } from './schemas/capital-allocation.ts'
import { CircuitBreakerSchema } from './schemas/circuit-breaker.ts'
import { LlmConfigSchema } from './schemas/llm-config.ts'
import { ModeSchema } from './schemas/mode.ts'
import { SafetySchema } from './schemas/safety.ts'
import { ScalpReentrySchema } from './schemas/scalp-reentry.ts'
import { SettingsSchema } from './schemas/settings.ts'

export const MODES = ['ultra', 'scalp', 'swing', 'position'] as const
export type Mode = (typeof MODES)[number]

/** The bot's older name of `ultra`. */
const MODE_ALIASES: Readonly<Record<string, Mode>> = { ultra_fast: 'ultra' }

/** Undefined when the name is no mode. */
export function normalizeMode(name: string): Mode | undefined {
  return Object.hasOwn(MODE_ALIASES, name) ? MODE_ALIASES[name] : MODES.find(mode => mode === name)
}

/** A kind of document, or four of them: one per mode. */
export interface DocumentFamily {
  /** The kind, or its part before the dot. */
  readonly family: string
  readonly title: string
  readonly schema: TObject
  /** There is one document per mode. */
  readonly perMode?: true
  /** Route of GET and PUT; `:mode` stands for the mode. */
  readonly route: string
  /** Redis key behind `user:{id}:`; `{mode}` stands for the mode. */
  readonly keySuffix: string
  /** Sections with a route and a key of their own; the names are those of the document's fields. */
  readonly sections?: readonly { readonly name: string; readonly route: string; readonly keySuffix: string }[]
  /** Where the defaults file has it, or each of its fields; a last `{mode}` stands for the mode. */
  readonly defaults: string | Readonly<Record<string, string>>
  /** Where other versions of the bot have it, the preferred place first. */
  readonly formerPlaces?: readonly string[]
  /** The bot's names of fields, in a file and in a PUT, with our names. */
  readonly fieldAliases?: Readonly<Record<string, string>>
  /** The same for values, by the path of the field. */
  readonly valueAliases?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** THE table of documents, in the order of a decision. A new document is one more entry here. */
export const FAMILIES: readonly DocumentFamily[] = [
  {
    family: 'settings',
    title: 'Settings',
    schema: SettingsSchema,
    route: '/api/user/settings',
    keySuffix: 'settings:all',
    sections: [
      { name: 'trading', route: '/api/user/settings/trading', keySuffix: 'settings:trading' },
      {
        name: 'notifications',
        route: '/api/user/settings/notifications',
        keySuffix: 'settings:notifications',
      },
    ],
    defaults: { trading: 'global_trading', notifications: 'notifications', preferences: 'preferences' },
    valueAliases: { 'trading.current_mode': MODE_ALIASES },
  },
  {
    family: 'mode',
    title: 'Trading mode',
    schema: ModeSchema,
    perMode: true,
    route: '/api/futures/ginie/modes/:mode',
    keySuffix: 'mode:{mode}',
    defaults: 'mode_configs.{mode}',
  },
  {
    family: 'scalp_reentry',
    title: 'Scalp re-entry',
    schema: ScalpReentrySchema,
    route: '/api/futures/ginie/scalp-reentry-config',
    keySuffix: 'scalp_reentry',
    defaults: 'scalp_reentry',
    formerPlaces: ['scalp_reentry_config', 'mode_configs.scalp.position_optimization'],
  },
  {
    family: 'circuit_breaker',
    title: 'Global circuit breaker',
    schema: CircuitBreakerSchema,
    route: '/api/user/global-circuit-breaker',
    keySuffix: 'circuit_breaker',
    defaults: 'circuit_breaker.global',
  },
  {
    family: 'capital_allocation',
    title: 'Capital allocation',
    schema: CapitalAllocationSchema,
    route: '/api/futures/ginie/capital-allocation',
    keySuffix: 'capital_allocation',
    defaults: 'capital_allocation',
    fieldAliases: {
      ultra_fast_percent: 'ultra_percent',
      max_ultra_fast_positions: 'max_ultra_positions',
      max_ultra_fast_usd_per_position: 'max_ultra_usd_per_position',
    },
  },
  {
    family: 'llm_config',
    title: 'Language model',
    schema: LlmConfigSchema,
    route: '/api/futures/ginie/llm-config',
    keySuffix: 'llm_config',
    defaults: 'llm_config.global',
  },
  {
    family: 'safety',
    title: 'Safety settings',
    schema: SafetySchema,
    perMode: true,
    route: '/api/futures/ginie/safety-settings/:mode',
    keySuffix: 'safety:{mode}',
    defaults: 'safety_settings.{mode}',
  },
]

/** Where one part of a document stands in the defaults file. */
export interface DefaultsPlace {
  /** Field of the document; undefined = the whole document. */
  readonly field: string | undefined
  readonly path: readonly string[]
}

/** One document of a user. */
export interface DocumentDefinition {
  /** `settings`, `mode.ultra`, ... */
  readonly kind: string
  readonly family: string
  readonly mode: Mode | undefined
  readonly schema: TObject
  /** Redis keys behind `user:{id}:`: the whole document first, then its sections. */
  readonly keySuffixes: readonly { readonly suffix: string; readonly section?: string }[]
  readonly places: readonly DefaultsPlace[]
  /** Where else a file may have the whole document. */
  readonly formerPlaces: readonly (readonly string[])[]
  readonly fieldAliases: Readonly<Record<string, string>>
  readonly valueAliases: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** The kind of the family's document; where there is one per mode, of the one for `mode`. */
export function kindOf({ family, perMode }: Pick<DocumentFamily, 'family' | 'perMode'>, mode: Mode): string {
  return perMode ? `${family}.${mode}` : family
}

/** Every document, in the order of a decision. */
export const DOCUMENTS: readonly DocumentDefinition[] = FAMILIES.flatMap(family =>
  family.perMode ? MODES.map(mode => define(family, mode)) : [define(family, undefined)],
)

/** The kinds of all documents. */
export const KINDS: readonly string[] = DOCUMENTS.map(({ kind }) => kind)

/** The kind of a document; `mode.ultra_fast` is `mode.ultra`. */
export function findKind(name: string): string | undefined {
  const [family, mode] = name.split('.')
  const normal = mode === undefined ? name : `${family}.${normalizeMode(mode) ?? mode}`
  return KINDS.includes(normal) ? normal : undefined
}

const BY_KIND = new Map(DOCUMENTS.map(document => [document.kind, document]))

/** Throws on a kind that the table does not have. */
export function documentOf(kind: string): DocumentDefinition {
  const document = BY_KIND.get(kind)
  if (document === undefined) throw new Error(`there is no document ${kind}`)
  return document
}

function define(family: DocumentFamily, mode: Mode | undefined): DocumentDefinition {
  const { defaults, sections = [], formerPlaces = [], fieldAliases = {}, valueAliases = {} } = family
  const withMode = (text: string) => text.replace('{mode}', mode ?? '')
  const place = (field: string | undefined, path: string) => ({ field, path: withMode(path).split('.') })
  return {
    kind: mode === undefined ? family.family : kindOf(family, mode),
    family: family.family,
    mode,
    schema: family.schema,
    keySuffixes: [
      { suffix: withMode(family.keySuffix) },
      ...sections.map(({ name, keySuffix }) => ({ suffix: keySuffix, section: name })),
    ],
    places:
      typeof defaults === 'string'
        ? [place(undefined, defaults)]
        : Object.entries(defaults).map(([field, path]) => place(field, path)),
    formerPlaces: formerPlaces.map(path => path.split('.')),
    fieldAliases,
    valueAliases,
  }
}
