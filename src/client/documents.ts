import type {
  CapitalAllocation,
  CircuitBreaker,
  LlmConfig,
  Mode,
  ModeConfig,
  SafetySettings,
  ScalpReentry,
  Settings,
} from './gateway-types.ts'

/** The documents as callers see them. Types only, from the gateway's own schemas; units are in those. */

export type * from './gateway-types.ts'

/** Every document by its kind, and the two sections of `settings` that have routes of their own. */
export type Documents = {
  settings: Settings
  'settings.trading': Settings['trading']
  'settings.notifications': Settings['notifications']
  scalp_reentry: ScalpReentry
  circuit_breaker: CircuitBreaker
  capital_allocation: CapitalAllocation
  llm_config: LlmConfig
} & { [M in Mode as `mode.${M}`]: ModeConfig } & { [M in Mode as `safety.${M}`]: SafetySettings }

export type DocumentKind = keyof Documents

/** A document with its version. */
export interface Envelope<T> {
  /** Grows with each change, never restarts. */
  readonly version: number
  /** RFC 3339, UTC. */
  readonly updated_at: string
  readonly data: T
}

/** Everything one decision cycle needs, all of one moment. `M`: the modes that were asked for. */
export interface DecisionSettings<M extends Mode = Mode> {
  readonly user_id: string
  readonly settings: Envelope<Settings>
  readonly modes: Readonly<Record<M, Envelope<ModeConfig>>>
  readonly scalp_reentry: Envelope<ScalpReentry>
  readonly circuit_breaker: Envelope<CircuitBreaker>
  readonly capital_allocation: Envelope<CapitalAllocation>
  readonly llm_config: Envelope<LlmConfig>
  readonly safety: Readonly<Record<M, Envelope<SafetySettings>>>
}

/** Any part of a document: objects are merged, arrays replaced. */
export type Patch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Patch<T[K]> }
    : T
