import { choice, flag, group, integer, text } from './fields.ts'

/** The language model behind AI decisions. */
export const LlmConfigSchema = group({
  enabled: flag(),
  provider: choice('deepseek', 'claude', 'openai', 'local'),
  model: text(128, 1),
  timeout_ms: integer(1000, 30_000, 'ms'),
  retry_count: integer(0, 10),
  cache_duration_sec: integer(0, 86_400, 's'),
})
