import fc from 'fast-check'
import t from 'tap'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergeDocument } from '../../src/documents/merge.ts'
import { validateDocument } from '../../src/documents/validate.ts'
import { jsonValues, kinds, mutantsOf } from './arbitraries.ts'

const defaultsOf = (kind: string) => documentDefaults(BUILT_IN_DEFAULTS, kind)

/** The faults of the built-in defaults with a patch. */
function faultsOf(kind: string, patch: JsonObject, examples: readonly JsonObject[] = []) {
  return validateDocument(kind, mergeDocument(defaultsOf(kind), patch), examples)
}

t.test('all faults at once, with dotted paths, never coerced', async t => {
  const faults = faultsOf('mode.scalp', {
    enabled: 'true',
    confidence: { min_confidence: 101, high_confidence: '75' },
    sltp: { tp_gain_levels: [1, 'x'], trailing_activation_mode: 5, max_hold_duration: '6x' },
    size: { leverage: 1.5 },
    hedge: null,
  })
  t.strictSame(faults, [
    { path: 'enabled', message: 'must be boolean, is "true"' },
    { path: 'confidence.min_confidence', message: 'must be <= 100' },
    { path: 'confidence.high_confidence', message: 'must be number, is "75"' },
    { path: 'size.leverage', message: 'must be integer, is 1.5' },
    {
      path: 'sltp.max_hold_duration',
      message: 'must be a number and s, m, h or d, such as 15m; 0 or empty: none',
    },
    { path: 'sltp.tp_gain_levels.1', message: 'must be number, is "x"' },
    { path: 'sltp.trailing_activation_mode', message: 'must be string, is 5' },
    { path: 'hedge', message: 'must be object, is null' },
  ])
})

t.test('allowed values are named', async t => {
  t.strictSame(faultsOf('llm_config', { provider: 'mistral' }), [
    { path: 'provider', message: 'must be one of "deepseek", "claude", "openai", "local", "gemini"' },
  ])
})

t.test('a missing field is named', async t => {
  const { enabled: _, ...rest } = defaultsOf('llm_config')
  t.strictSame(validateDocument('llm_config', rest, []), [{ path: 'enabled', message: 'is required' }])
})

t.test('null is a value only where the table says so', async t => {
  t.strictSame(faultsOf('mode.scalp', { sltp: { tp_gain_levels: null, tp_allocation: [50, 50] } }), [])
  t.strictSame(faultsOf('llm_config', { model: null }), [
    { path: 'model', message: 'must be string, is null' },
  ])
})

t.test('an unknown field is named, with the nearest known one', async t => {
  t.strictSame(faultsOf('mode.scalp', { confidence: { min_confidense: 1 }, sizes: {} }), [
    {
      path: 'confidence.min_confidense',
      message: 'unknown field min_confidense, did you mean min_confidence?',
    },
    { path: 'sizes', message: 'unknown field sizes, did you mean size?' },
  ])
})

t.test('preferences may hold anything', async t => {
  t.strictSame(faultsOf('settings', { preferences: { a: { b: [1, null, 'x'] }, '': 1 } }), [])
})

t.test('more than 200 faults are counted', async t => {
  const unknown = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, 1]))
  const faults = faultsOf('llm_config', unknown)
  t.equal(faults.length, 201)
  t.strictSame(faults.at(-1), { path: '', message: '100 more faults' })
})

t.test('an array of a million wrong items is one fault', async t => {
  const faults = faultsOf('mode.scalp', { sltp: { tp_gain_levels: Array(1_000_000).fill('x') } })
  t.strictSame(faults, [{ path: 'sltp.tp_gain_levels', message: 'must NOT have more than 4 items' }])
})

t.test('never throws, whatever the value is', async () => {
  fc.assert(
    fc.property(kinds, jsonValues, (kind, value) =>
      Array.isArray(validateDocument(kind, value as JsonObject, [defaultsOf(kind)])),
    ),
  )
  const mutants = kinds.chain(kind => fc.tuple(fc.constant(kind), mutantsOf(kind), mutantsOf(kind)))
  fc.assert(
    fc.property(mutants, ([kind, data, example]) => Array.isArray(validateDocument(kind, data, [example]))),
    { numRuns: 500 },
  )
  for (const value of [undefined, null, 5, 'x', [], () => 1]) {
    validateDocument('settings', value as unknown as JsonObject, [])
  }
})
