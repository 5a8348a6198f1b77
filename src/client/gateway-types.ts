import type { Static } from '@sinclair/typebox'
import type { CapitalAllocationSchema } from '../documents/schemas/capital-allocation.ts'
import type { CircuitBreakerSchema } from '../documents/schemas/circuit-breaker.ts'
import type { LlmConfigSchema } from '../documents/schemas/llm-config.ts'
import type { ModeSchema } from '../documents/schemas/mode.ts'
import type { SafetySchema } from '../documents/schemas/safety.ts'
import type { ScalpReentrySchema } from '../documents/schemas/scalp-reentry.ts'
import type { SettingsSchema } from '../documents/schemas/settings.ts'

/**
 * What the client knows from the gateway's own code, types only. The build of the package puts plain declarations in
 * the place of this file (src/dev/client/declarations.ts), so that callers install neither TypeBox nor the gateway.
 */

export type { Mode } from '../documents/catalogue.ts'
export type { ProblemCode } from '../http/problem-error.ts'
export type Settings = Static<typeof SettingsSchema>
export type ModeConfig = Static<typeof ModeSchema>
export type SafetySettings = Static<typeof SafetySchema>
export type ScalpReentry = Static<typeof ScalpReentrySchema>
export type CircuitBreaker = Static<typeof CircuitBreakerSchema>
export type CapitalAllocation = Static<typeof CapitalAllocationSchema>
export type LlmConfig = Static<typeof LlmConfigSchema>
