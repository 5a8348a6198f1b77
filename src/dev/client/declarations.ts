import { MODES } from '../../documents/catalogue.ts'
import { CapitalAllocationSchema } from '../../documents/schemas/capital-allocation.ts'
import { CircuitBreakerSchema } from '../../documents/schemas/circuit-breaker.ts'
import { LlmConfigSchema } from '../../documents/schemas/llm-config.ts'
import { ModeSchema } from '../../documents/schemas/mode.ts'
import { SafetySchema } from '../../documents/schemas/safety.ts'
import { ScalpReentrySchema } from '../../documents/schemas/scalp-reentry.ts'
import { SettingsSchema } from '../../documents/schemas/settings.ts'
import { PROBLEMS } from '../../http/problem-error.ts'
import { type JsonSchema, typeText } from './type-text.ts'

/** By the names of src/client/gateway-types.ts. */
const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Settings: SettingsSchema,
  ModeConfig: ModeSchema,
  SafetySettings: SafetySchema,
  ScalpReentry: ScalpReentrySchema,
  CircuitBreaker: CircuitBreakerSchema,
  CapitalAllocation: CapitalAllocationSchema,
  LlmConfig: LlmConfigSchema,
}

/** src/client/gateway-types.ts without imports: the same types, written out from the schemas. */
export function declarations(): string {
  const names = (values: readonly string[]) => values.map(value => JSON.stringify(value)).join(' | ')
  return [
    `export type Mode = ${names(MODES)}`,
    `export type ProblemCode = ${names(Object.keys(PROBLEMS))}`,
    ...Object.entries(SCHEMAS).map(([name, schema]) => `export type ${name} = ${typeText(schema)}`),
    '',
  ].join('\n\n')
}
