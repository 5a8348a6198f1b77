import t from 'tap'
import { BUILT_IN_DEFAULTS } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { compileRiskIndex, riskOf } from '../../src/documents/risk.ts'

const { index: BUILT_IN, faults } = compileRiskIndex(BUILT_IN_DEFAULTS)

function indexOf(lists: JsonObject) {
  return compileRiskIndex({ _settings_risk_index: lists })
}

t.test('the built-in index is that of fields.md', async t => {
  t.strictSame(faults, [])
  const cases: [kind: string, path: string, value: unknown, risk: string][] = [
    ['mode.ultra', 'enabled', true, 'high'],
    ['mode.scalp', 'enabled', true, 'low'],
    ['scalp_reentry', 'hedge_mode_enabled', true, 'high'],
    ['circuit_breaker', 'enabled', false, 'high'],
    ['circuit_breaker', 'enabled', true, 'low'],
    ['mode.ultra', 'size.leverage', 11, 'medium'],
    ['mode.position', 'size.leverage', 10, 'low'],
    ['mode.swing', 'confidence.min_confidence', 39, 'medium'],
    ['mode.swing', 'confidence.min_confidence', 40, 'low'],
    ['llm_config', 'enabled', false, 'medium'],
    ['mode.scalp', 'timeframe.trend_timeframe', '1m', 'low'],
    ['settings', 'trading.risk_level', 'aggressive', 'low'],
    ['mode.scalp', 'size.leverage', undefined, 'low'],
    ['mode.scalp', 'size.leverage', '20', 'low'],
  ]
  for (const [kind, path, value, risk] of cases) {
    t.equal(riskOf(BUILT_IN, kind, path, value).risk, risk, `${kind} ${path} = ${value}`)
  }
})

t.test('the notes of fields.md are told', async t => {
  t.match(riskOf(BUILT_IN, 'circuit_breaker', 'enabled', false), {
    impact: /unlimited losses/,
    recommendation: /never disable/i,
  })
  t.match(riskOf(BUILT_IN, 'settings', 'trading.max_usd_allocation', 1), { recommendation: /start lower/i })
  t.match(riskOf(BUILT_IN, 'settings', 'trading.risk_level', 'x'), {
    recommendation: /moderate for beginners/i,
  })
  t.match(riskOf(BUILT_IN, 'llm_config', 'enabled', false), { recommendation: /keep on/i })
  t.strictSame(riskOf(BUILT_IN, 'mode.scalp', 'enabled', false), { risk: 'low' })
})

t.test('the most severe match decides', async t => {
  const { index } = indexOf({
    low_risk_settings: ['llm_config.global.*'],
    medium_risk_settings: ['llm_config.*.timeout_ms'],
    high_risk_settings: ['llm_config.global.timeout_ms>9000'],
  })
  t.equal(riskOf(index, 'llm_config', 'timeout_ms', 9001).risk, 'high')
  t.equal(riskOf(index, 'llm_config', 'timeout_ms', 9000).risk, 'medium')
  t.equal(riskOf(index, 'llm_config', 'retry_count', 1).risk, 'low')
})

t.test('ultra, ultra_fast and spaces around a condition are understood', async t => {
  const { index } = indexOf({
    high_risk_settings: [
      'mode_configs.ultra.size.leverage > 5',
      'safety_settings.ultra_fast.max_trades_per_day>60',
    ],
    medium_risk_settings: [
      'global_trading.current_mode=swing',
      'mode_configs.*.risk.risk_level="aggressive"',
    ],
  })
  t.equal(riskOf(index, 'mode.ultra', 'size.leverage', 6).risk, 'high')
  t.equal(riskOf(index, 'safety.ultra', 'max_trades_per_day', 61).risk, 'high')
  t.equal(riskOf(index, 'settings', 'trading.current_mode', 'swing').risk, 'medium')
  t.equal(riskOf(index, 'mode.scalp', 'risk.risk_level', 'aggressive').risk, 'medium')
})

t.test('a star stands for one part, not for more or less', async t => {
  const { index } = indexOf({ high_risk_settings: ['mode_configs.*', '*.scalp.*.leverage'] })
  t.equal(riskOf(index, 'mode.scalp', 'enabled', true).risk, 'low')
  t.equal(riskOf(index, 'mode.scalp', 'size.leverage', 1).risk, 'high')
})

t.test('every fault of the index is named', async t => {
  const bad = ['', 'a..b', 'a b.c', '>5', 'a.b>', 'a.b>=5', 'a.b==5', 'a.b>text', 'a.b<true', 'a*.b', 5, null]
  t.strictSame(
    indexOf({ medium_risk_settings: ['a.b', ...bad] }).faults.map(({ path }) => path),
    bad.map((_, position) => `_settings_risk_index.medium_risk_settings.${position + 1}`),
  )
  t.strictSame(indexOf({ high_risk_settings: 'a' }).faults, [
    { path: '_settings_risk_index.high_risk_settings', message: 'must be array' },
  ])
  t.strictSame(compileRiskIndex({ _settings_risk_index: [] }).faults, [
    { path: '_settings_risk_index', message: 'must be object' },
  ])
  t.strictSame(compileRiskIndex({}).faults, [])
})

t.test('an entry of the index costs time in proportion to its length', async t => {
  const entryOf = (text: string) =>
    compileRiskIndex({ _settings_risk_index: { high_risk_settings: [text] } }).faults.length
  const spaces = ' '.repeat(1_000_000)
  t.equal(entryOf(`a.b${spaces}`), 0)
  t.equal(entryOf(`a${spaces}b`), 1)
  t.equal(entryOf(`a.b${spaces}>${spaces}5`), 0)
  t.equal(entryOf(`a.b =${spaces}x`), 0)
  t.equal(entryOf('a.b >= 5'), 1)
  t.equal(entryOf('a.b >'), 1)
})
