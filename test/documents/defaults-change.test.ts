import t from 'tap'
import {
  BUILT_IN_DEFAULTS,
  documentDefaults,
  mergeDefaults,
  parseDefaults,
} from '../../src/documents/defaults.ts'
import { validateDefaultsChange } from '../../src/documents/defaults-change.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { fiveModes, unknownParts } from './bot-files.ts'

const CURRENT = parseDefaults({ ...unknownParts(), ...fiveModes(), arbitrage: unknownParts().arbitrage }).data

/** The faults of a patch of the defaults. */
function faultsOf(patch: JsonObject) {
  return validateDefaultsChange(CURRENT, mergeDefaults(CURRENT, patch))
}

t.test('known fields follow their schema, with paths of the file', async t => {
  t.strictSame(faultsOf({ mode_configs: { scalp: { size: { leverage: 20 } } } }), [])
  t.strictSame(
    faultsOf({
      mode_configs: { scalp: { size: { leverage: 200 } } },
      llm_config: { global: { modle: 'x' } },
    }),
    [
      { path: 'mode_configs.scalp.size.leverage', message: 'must be <= 125' },
      { path: 'llm_config.global.modle', message: 'unknown field modle, did you mean model?' },
    ],
  )
})

t.test('suggested fields are named as the file has them', async t => {
  t.strictSame(faultsOf({ notifications: { timezone: 'UTC' }, mode_configs: { ultra: { leverage: 3 } } }), [
    {
      path: 'notifications.timezone',
      message: 'unknown field timezone, did you mean global_trading.timezone?',
    },
    {
      path: 'mode_configs.ultra_fast.leverage',
      message: 'unknown field leverage, did you mean mode_configs.ultra_fast.size.leverage?',
    },
  ])
})

t.test('rules across fields hold', async t => {
  t.match(faultsOf({ capital_allocation: { scalp_percent: 90 } }), [{ path: 'capital_allocation' }])
})

t.test('unknown parts can be changed, with the type they have', async t => {
  t.strictSame(
    faultsOf({
      mode_configs: { scalp_reentry: { enabled: false, size: { leverage: 500 } } },
      arbitrage: { enabled: true, venues: { binance: { fee: 0.2 } } },
    }),
    [],
  )
  t.strictSame(
    faultsOf({
      mode_configs: { scalp_reentry: { enabled: 'no' }, momentum: {} },
      arbitrage: { venues: { binance: { fee: '0.2' }, kraken: {} } },
      metadata: { version: 2 },
      arbitrag: {},
    }).map(({ path }) => path),
    [
      'metadata.version',
      'mode_configs.scalp_reentry.enabled',
      'mode_configs.momentum',
      'arbitrage.venues.binance.fee',
      'arbitrage.venues.kraken',
      'arbitrag',
    ],
  )
})

t.test('beside the documents of a section nothing is accepted that the defaults do not have', async t => {
  const meant = (patch: JsonObject) => faultsOf(patch).map(({ path, message }) => `${path}: ${message}`)
  t.strictSame(meant({ circuit_breaker: { enabled: false } }), [
    'circuit_breaker.enabled: unknown field enabled, did you mean circuit_breaker.global.enabled?',
  ])
  t.strictSame(meant({ circuit_breaker: { gobal: 1 }, llm_config: { globall: { enabled: false } } }), [
    'circuit_breaker.gobal: unknown field gobal, did you mean global?',
    'llm_config.globall: unknown field globall, did you mean global?',
  ])
  t.strictSame(meant({ mode_configs: { scalpp: {} }, safety_settings: { swingg: { x: 1 } } }), [
    'mode_configs.scalpp: unknown field scalpp, did you mean scalp?',
    'safety_settings.swingg: unknown field swingg, did you mean swing?',
  ])
  t.match(meant({ safety_settings: { enable_profit_monitor: false } }), [
    /unknown field enable_profit_monitor, did you mean safety_settings\.\w+\.enable_profit_monitor or /,
  ])
  t.strictSame(meant({ capital_alocation: {}, capital_allocation: { foo: 1 } }).slice(1), [
    'capital_alocation: unknown field capital_alocation, did you mean capital_allocation?',
  ])
})

t.test('what the built-in file has can be sent back', async t => {
  t.strictSame(validateDefaultsChange(BUILT_IN_DEFAULTS, BUILT_IN_DEFAULTS), [])
  t.strictSame(validateDefaultsChange(CURRENT, mergeDefaults(CURRENT, BUILT_IN_DEFAULTS)), [])
  t.strictSame(validateDefaultsChange(CURRENT, mergeDefaults(CURRENT, CURRENT)), [])
})

t.test('a section cannot become something else', async t => {
  t.strictSame(faultsOf({ mode_configs: null, circuit_breaker: { global: 5 } }), [
    { path: 'mode_configs', message: 'must be object, is null' },
    { path: 'circuit_breaker.global', message: 'must be object, is 5' },
  ])
})

t.test('notes may be anything, the risk index may not', async t => {
  t.strictSame(
    faultsOf({ _why: 1, arbitrage: { _since: 2 }, llm_config: { _note: [], global: { _n: 1 } } }),
    [],
  )
  t.match(faultsOf({ _settings_risk_index: { high_risk_settings: ['a b'] } }), [
    { path: '_settings_risk_index.high_risk_settings.0' },
  ])
})

t.test('ultra and ultra_fast in a patch address the mode that is there, also both at once', async t => {
  const patch = {
    mode_configs: { ultra: { size: { leverage: 3 } }, ultra_fast: { enabled: true } },
    safety_settings: { ultra: { max_trades_per_minute: 7 } },
  }
  t.strictSame(faultsOf(patch), [])
  const next = mergeDefaults(CURRENT, patch)
  t.match(documentDefaults(next, 'mode.ultra'), { enabled: true, size: { leverage: 3 } })
  t.match(documentDefaults(next, 'safety.ultra'), { max_trades_per_minute: 7 })
  t.notOk('ultra' in (next.mode_configs as JsonObject))
})

t.test('ultra_fast_percent is understood as in a file', async t => {
  const next = mergeDefaults(CURRENT, { capital_allocation: { ultra_fast_percent: 19.5 } })
  t.strictSame(validateDefaultsChange(CURRENT, next), [])
  t.match(documentDefaults(next, 'capital_allocation'), { ultra_percent: 19.5 })
})
