import { BUILT_IN_DEFAULTS } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'

/** Defaults files as other versions of the bot write them. */

/** A copy of the built-in file with changes. */
// biome-ignore lint/suspicious/noExplicitAny: the tests change a JSON file at will
export function botFile(change: (file: any) => void = () => {}): JsonObject {
  const file: JsonObject = structuredClone(BUILT_IN_DEFAULTS)
  change(file)
  return file
}

/** With a fifth mode. */
export function fiveModes(): JsonObject {
  return botFile(file => {
    file.mode_configs.scalp_reentry = { ...structuredClone(file.mode_configs.scalp), enabled: true }
  })
}

/** With groups, sections and fields that are null. */
export function nullGroups(): JsonObject {
  return botFile(file => {
    file.mode_configs.scalp.mtf = null
    file.mode_configs.swing.trend_filters.vwap_filter = null
    file.mode_configs.position.hedge.allow_hedge = null
    file.mode_configs.ultra_fast.sltp.tp_gain_levels = null
    file.safety_settings.swing = null
    file.circuit_breaker.global = null
    file.notifications = null
    file.llm_config = null
    file._settings_risk_index = null
  })
}

/** With groups, fields and sections that the gateway has never heard of. */
export function unknownParts(): JsonObject {
  return botFile(file => {
    file.global_trading.max_parallel_orders = 4
    file.mode_configs.scalp.news_filter = { enabled: true, sources: ['x'], _note: 'from 2.3 on' }
    file.mode_configs.scalp.confidence.floor = null
    file.circuit_breaker.per_symbol = { enabled: false, max_loss: 20 }
    file.safety_settings.ultra_fast.night_mode = 'strict'
    file.arbitrage = { enabled: false, venues: { binance: { fee: 0.1 } }, _why: 'a note' }
    file.beta = null
  })
}
