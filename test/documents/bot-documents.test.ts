import t from 'tap'
import {
  BUILT_IN_DEFAULTS,
  documentDefaults,
  mergeDefaults,
  parseDefaults,
} from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { validateDocument } from '../../src/documents/validate.ts'
import { botFile } from './bot-files.ts'

/** What the bot has besides the tables of fields. */

const OF_THE_BOT = {
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

// biome-ignore lint/suspicious/noExplicitAny: the tests change a JSON file at will
function load(change: (file: any) => void) {
  const { data, faults, unused } = parseDefaults(botFile(change))
  t.strictSame(faults, [])
  return { data, unused, document: (kind: string) => documentDefaults(data, kind) }
}

t.test('a mode without position_optimization has the re-entry of the same file', async t => {
  const { document } = load(file => {
    file.scalp_reentry.tp1_percent = 0.33
    for (const mode of Object.values(file.mode_configs) as JsonObject[]) delete mode.position_optimization
  })
  for (const mode of ['ultra', 'scalp', 'swing', 'position']) {
    const group = document(`mode.${mode}`).position_optimization as JsonObject
    t.equal(group.tp1_percent, 0.33, mode)
    t.equal(group.reentry_percent, 80, mode)
  }
})

t.test('in a file without any re-entry it is what the bot takes', async t => {
  const { document } = load(file => {
    delete file.scalp_reentry
    for (const mode of Object.values(file.mode_configs) as JsonObject[]) delete mode.position_optimization
  })
  t.match(document('mode.swing').position_optimization, OF_THE_BOT)
  t.equal((document('mode.swing').position_optimization as JsonObject).max_hedge_chain_depth, 2)
})

t.test('scalp_reentry is read from its former places, in their order', async t => {
  const second = load(file => {
    file.scalp_reentry_config = { ...file.scalp_reentry, tp1_percent: 0.22 }
    file.mode_configs.scalp.position_optimization.tp1_percent = 0.11
    delete file.scalp_reentry
  })
  t.equal(second.document('scalp_reentry').tp1_percent, 0.22)
  t.notOk('scalp_reentry_config' in second.data, 'moved')
  t.strictSame(second.unused, [])
  const third = load(file => {
    file.mode_configs.scalp.position_optimization.tp1_percent = 0.11
    file.scalp_reentry = null
  })
  t.equal(third.document('scalp_reentry').tp1_percent, 0.11)
  t.equal((third.document('mode.scalp').position_optimization as JsonObject).tp1_percent, 0.11)
})

t.test('what a file has for nothing is named', async t => {
  const { unused, data } = load(file => {
    file.scalp_reentry_config = { ...file.scalp_reentry }
    file.early_warning = { enabled: true }
    file.mode_configs.turbo = { enabled: true }
    file.mode_configs._why = 'a note'
    file.circuit_breaker.per_symbol = {}
    file._info = {}
  })
  t.strictSame([...unused].sort(), [
    'circuit_breaker.per_symbol',
    'early_warning',
    'mode_configs.turbo',
    'scalp_reentry_config',
  ])
  t.ok('early_warning' in data, 'and kept')
})

t.test('names of the bot in a file and in a PUT of the defaults', async t => {
  const rename = (allocation: JsonObject) => {
    allocation.ultra_fast_percent = allocation.ultra_percent
    allocation.max_ultra_fast_positions = 9
    allocation.max_ultra_fast_usd_per_position = 99
    for (const name of ['ultra_percent', 'max_ultra_positions', 'max_ultra_usd_per_position'])
      delete allocation[name]
  }
  const { document } = load(file => {
    rename(file.capital_allocation)
    file.global_trading.current_mode = 'ultra_fast'
    file.global_trading.timezone_offset = '+05:30'
  })
  t.match(document('capital_allocation'), { max_ultra_positions: 9, max_ultra_usd_per_position: 99 })
  t.notOk('ultra_fast_percent' in document('capital_allocation'))
  t.match(document('settings'), { trading: { current_mode: 'ultra', timezone_offset: '+05:30' } })
  const put = mergeDefaults(BUILT_IN_DEFAULTS, {
    capital_allocation: { max_ultra_fast_positions: 7 },
    global_trading: { current_mode: 'ultra_fast' },
  })
  t.match(documentDefaults(put, 'capital_allocation'), { max_ultra_positions: 7 })
  t.match(documentDefaults(put, 'settings'), { trading: { current_mode: 'ultra' } })
})

t.test('fields that only some versions of the bot send are accepted and kept, within bounds', async t => {
  const mode = structuredClone(documentDefaults(BUILT_IN_DEFAULTS, 'mode.scalp')) as Record<
    string,
    JsonObject
  >
  Object.assign(mode, { mode_name: 'scalp' })
  Object.assign(mode.trend_divergence!, {
    timeframes_to_check: ['5m', '1h'],
    min_aligned_timeframes: 2,
    adx_threshold: 25,
    counter_trend_penalty: 10,
    allow_counter_trend: false,
  })
  Object.assign(mode.risk!, {
    daily_loss_limit_percent: 5,
    weekly_loss_limit_percent: 10,
    max_portfolio_risk_percent: 20,
    correlation_penalty: 0.5,
  })
  mode.early_warning!.close_min_hold_mins = 2.5
  mode.sltp!.trailing_activation_mode = 'after_tp1_and_breakeven'
  t.strictSame(validateDocument('mode.scalp', mode, []), [])
  mode.trend_divergence!.timeframes_to_check = ['7m']
  mode.risk!.daily_loss_limit_percent = 101
  mode.position_optimization!.tp1_percent = 5
  t.strictSame(
    validateDocument('mode.scalp', mode, [])
      .map(({ path }) => path)
      .sort(),
    [
      'position_optimization.tp1_percent',
      'risk.daily_loss_limit_percent',
      'trend_divergence.timeframes_to_check.0',
    ],
  )
})
