import { choice, flag, group, integer, text } from './fields.ts'

const PROVIDERS = ['deepseek', 'claude', 'openai', 'local', 'gemini'] as const

/** The language model behind AI decisions. */
export const LlmConfigSchema = group({
  enabled: flag(),
  provider: choice(...PROVIDERS),
  model: text(128, 1),
  fallback_provider: choice('', ...PROVIDERS),
  fallback_model: text(128),
  timeout_ms: integer(1000, 30_000, 'ms'),
  retry_count: integer(0, 10),
  cache_duration_sec: integer(0, 86_400, 's'),
})
