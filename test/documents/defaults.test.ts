import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { DOCUMENTS } from '../../src/documents/catalogue.ts'
import {
  BUILT_IN_DEFAULTS,
  documentDefaults,
  parseDefaults,
  withDocumentDefaults,
} from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { validateDocument } from '../../src/documents/validate.ts'
import { jsonValues } from './arbitraries.ts'
import { botFile, fiveModes, nullGroups, unknownParts } from './bot-files.ts'

/** The data of a file that must have no faults. */
function loaded(file: unknown): JsonObject {
  const { data, faults } = parseDefaults(file)
  t.strictSame(faults, [])
  return data
}

t.test('the built-in file is in order and comes back as it is', async t => {
  t.equal(canonicalJson(loaded(BUILT_IN_DEFAULTS)), canonicalJson(BUILT_IN_DEFAULTS))
  t.strictSame(Object.keys(BUILT_IN_DEFAULTS), [
    'metadata',
    'global_trading',
    'notifications',
    'preferences',
    'mode_configs',
    'scalp_reentry',
    'circuit_breaker',
    'capital_allocation',
    'llm_config',
    'safety_settings',
    '_settings_risk_index',
  ])
  t.strictSame(Object.keys(BUILT_IN_DEFAULTS.metadata as JsonObject), [
    'version',
    'schema_version',
    'last_updated',
    'updated_by',
    'description',
  ])
  t.strictSame(Object.keys(BUILT_IN_DEFAULTS.mode_configs as JsonObject), [
    'ultra_fast',
    'scalp',
    'swing',
    'position',
  ])
})

t.test('every document of it is valid', async t => {
  for (const { kind } of DOCUMENTS) {
    t.strictSame(validateDocument(kind, documentDefaults(BUILT_IN_DEFAULTS, kind), []), [], kind)
  }
})

t.test('an empty file is the built-in file', async t => {
  t.equal(canonicalJson(loaded({})), canonicalJson(BUILT_IN_DEFAULTS))
})

t.test('a file with five modes: the fifth is kept', async t => {
  const data = loaded(fiveModes())
  t.strictSame(
    (data.mode_configs as JsonObject).scalp_reentry,
    (fiveModes().mode_configs as JsonObject).scalp_reentry,
  )
  t.strictSame(documentDefaults(data, 'scalp_reentry'), documentDefaults(BUILT_IN_DEFAULTS, 'scalp_reentry'))
})

t.test('a file with null groups: they are those of the built-in file', async t => {
  t.equal(canonicalJson(loaded(nullGroups())), canonicalJson(BUILT_IN_DEFAULTS))
})

t.test('a file with unknown parts: all of them are kept', async t => {
  const data = loaded(unknownParts())
  t.equal(canonicalJson(data), canonicalJson(unknownParts()))
  t.match(documentDefaults(data, 'settings'), { trading: { max_parallel_orders: 4 } })
  t.match(documentDefaults(data, 'mode.scalp'), { confidence: { floor: null } })
  t.strictSame(documentDefaults(data, 'mode.scalp').news_filter, { enabled: true, sources: ['x'] })
  t.match(documentDefaults(data, 'safety.ultra'), { night_mode: 'strict' })
})

t.test('ultra and ultra_fast name the same mode', async t => {
  const file = botFile(file => {
    const { ultra_fast, ...modes } = file.mode_configs
    file.mode_configs = { ultra: { ...ultra_fast, enabled: true }, ...modes }
  })
  const data = loaded(file)
  t.equal(documentDefaults(data, 'mode.ultra').enabled, true)
  t.strictSame(Object.keys(data.mode_configs as JsonObject), ['ultra', 'scalp', 'swing', 'position'])
})

t.test('null under one name of ultra gives way to the other; settings under both are a fault', async t => {
  const withNull = botFile(file => {
    file.mode_configs.ultra = null
    file.mode_configs.ultra_fast.enabled = true
  })
  t.equal(documentDefaults(loaded(withNull), 'mode.ultra').enabled, true)
  const both = botFile(file => {
    file.mode_configs.ultra = structuredClone(file.mode_configs.ultra_fast)
  })
  t.match(parseDefaults(both).faults, [{ path: 'mode_configs.ultra', message: /once/ }])
})

t.test('the file may say ultra_fast_percent', async t => {
  const file = botFile(file => {
    const { ultra_percent, ...shares } = file.capital_allocation
    file.capital_allocation = { ultra_fast_percent: ultra_percent + 0.5, ...shares }
  })
  t.match(documentDefaults(loaded(file), 'capital_allocation'), { ultra_percent: 20.5 })
  t.notOk('ultra_fast_percent' in documentDefaults(loaded(file), 'capital_allocation'))
})

t.test('every fault of a file is named at once, with paths of the file', async t => {
  const { faults } = parseDefaults(
    botFile(file => {
      file.mode_configs.ultra_fast.confidence.min_confidence = 101
      file.mode_configs.scalp.mtf = 5
      file.circuit_breaker.global.max_loss_per_hour = 501
      file.global_trading.timezone = 'Mars/Base'
      file.capital_allocation.ultra_percent = 50
      file.safety_settings.swing.max_trades_per_minute = '10'
      file._settings_risk_index.high_risk_settings.push('a..b', 5)
    }),
  )
  t.strictSame(
    faults.map(({ path }) => path),
    [
      'global_trading.timezone',
      'mode_configs.ultra_fast.confidence.min_confidence',
      'mode_configs.ultra_fast.confidence.min_confidence',
      'mode_configs.scalp.mtf',
      'circuit_breaker.global.max_loss_per_hour',
      'capital_allocation',
      'safety_settings.swing.max_trades_per_minute',
      '_settings_risk_index.high_risk_settings.3',
      '_settings_risk_index.high_risk_settings.4',
    ],
  )
  t.match(faults[1], { message: 'must be <= 100' })
})

t.test('a section that is no object is a fault', async t => {
  const { faults } = parseDefaults({ mode_configs: [], circuit_breaker: { global: 5 }, llm_config: 'x' })
  t.strictSame(
    faults.map(({ path }) => path),
    ['mode_configs', 'circuit_breaker.global', 'llm_config'],
  )
  t.strictSame(parseDefaults([]).faults, [{ path: '', message: 'must be object, is array' }])
})

t.test('never throws, whatever the file is', async () => {
  const sections = fc.dictionary(fc.constantFrom(...Object.keys(BUILT_IN_DEFAULTS), 'other'), jsonValues)
  fc.assert(fc.property(fc.oneof(jsonValues, sections), file => Array.isArray(parseDefaults(file).faults)))
})

t.test('what loads once loads again as it is', async t => {
  for (const file of [fiveModes(), nullGroups(), unknownParts()]) {
    const once = loaded(file)
    t.equal(canonicalJson(loaded(once)), canonicalJson(once))
  }
})

t.test('notes are no settings, and stay when a document is put back', async t => {
  const file = loaded(unknownParts())
  const settings = documentDefaults(file, 'settings')
  t.notMatch(canonicalJson(settings), /_risk_info/)
  const changed = { ...settings, trading: { ...(settings.trading as JsonObject), max_usd_allocation: 7 } }
  const next = withDocumentDefaults(file, 'settings', changed)
  t.match(next, { global_trading: { max_usd_allocation: 7, _risk_info: { risk_level: {} } }, arbitrage: {} })
  t.strictSame(documentDefaults(next, 'settings'), changed)
})

t.test('a document put back is the document read again', async t => {
  for (const { kind } of DOCUMENTS) {
    const data = documentDefaults(BUILT_IN_DEFAULTS, kind)
    const next = withDocumentDefaults(BUILT_IN_DEFAULTS, kind, data)
    t.equal(canonicalJson(next), canonicalJson(BUILT_IN_DEFAULTS), kind)
  }
})

t.test('defaults that an older gateway stored are completed from the built-in file', async t => {
  const old = botFile(file => {
    delete file.mode_configs.scalp.early_warning
    delete file.llm_config.global.retry_count
  })
  for (const kind of ['mode.scalp', 'llm_config']) {
    t.strictSame(documentDefaults(old, kind), documentDefaults(BUILT_IN_DEFAULTS, kind), kind)
  }
})
