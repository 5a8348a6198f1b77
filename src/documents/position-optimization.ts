import { documentOf } from './catalogue.ts'
import { isJsonObject, type JsonObject, own } from './json.ts'
import { REENTRY_FIELDS } from './schemas/scalp-reentry.ts'

const GROUP = 'position_optimization'

/** Values of the bot for a file without re-entry; the other fields are those of the built-in file. */
const OF_THE_BOT: JsonObject = {
  tp1_percent: 0.4,
  tp1_sell_percent: 30,
  tp2_percent: 0.7,
  tp2_sell_percent: 50,
  tp3_percent: 1,
  tp3_sell_percent: 80,
  reentry_percent: 50,
  reentry_price_buffer: 0.05,
  max_reentry_attempts: 1,
  reentry_timeout_sec: 300,
  reentry_require_trend_confirmation: true,
  reentry_min_adx: 20,
}

/**
 * The defaults by which a document of a file is completed. A mode without `position_optimization` has the re-entry of the
 * same file (`reentry`, complete; undefined = the file has none).
 */
export function withReentryOfFile(
  kind: string,
  builtIn: JsonObject,
  reentry: JsonObject | undefined,
): JsonObject {
  if (documentOf(kind).family !== 'mode') return builtIn
  const before = own(builtIn, GROUP)
  const group = reentry ?? { ...(isJsonObject(before) ? before : {}), ...OF_THE_BOT }
  const fields = Object.entries(group).filter(([name]) => Object.hasOwn(REENTRY_FIELDS, name))
  return { ...builtIn, [GROUP]: Object.fromEntries(fields) }
}
