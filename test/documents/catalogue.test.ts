import { createHash } from 'node:crypto'
import t from 'tap'
import { SCRIPT_RULES } from '../../src/consistency/token.ts'
import { DOCUMENTS, documentOf, FAMILIES, normalizeMode } from '../../src/documents/catalogue.ts'

t.test('the documents stand in the order of a decision', async t => {
  t.strictSame(
    DOCUMENTS.map(({ kind }) => kind),
    [
      'settings',
      'mode.ultra',
      'mode.scalp',
      'mode.swing',
      'mode.position',
      'scalp_reentry',
      'circuit_breaker',
      'capital_allocation',
      'llm_config',
      'safety.ultra',
      'safety.scalp',
      'safety.swing',
      'safety.position',
    ],
  )
})

t.test('keys are those of the contract', async t => {
  const keys = Object.fromEntries(
    DOCUMENTS.map(({ kind, keySuffixes }) => [kind, keySuffixes.map(({ suffix }) => suffix)]),
  )
  t.match(keys, {
    settings: ['settings:all', 'settings:trading', 'settings:notifications'],
    'mode.ultra': ['mode:ultra'],
    scalp_reentry: ['scalp_reentry'],
    circuit_breaker: ['circuit_breaker'],
    capital_allocation: ['capital_allocation'],
    llm_config: ['llm_config'],
    'safety.position': ['safety:position'],
  })
  t.strictSame(
    documentOf('settings').keySuffixes.map(({ section }) => section),
    [undefined, 'trading', 'notifications'],
  )
})

t.test('routes are those of the contract', async t => {
  t.strictSame(
    FAMILIES.map(({ route }) => route),
    [
      '/api/user/settings',
      '/api/futures/ginie/modes/:mode',
      '/api/futures/ginie/scalp-reentry-config',
      '/api/user/global-circuit-breaker',
      '/api/futures/ginie/capital-allocation',
      '/api/futures/ginie/llm-config',
      '/api/futures/ginie/safety-settings/:mode',
    ],
  )
  for (const { family, perMode = false, route, keySuffix } of FAMILIES) {
    t.equal(route.includes(':mode'), perMode, family)
    t.equal(keySuffix.includes('{mode}'), perMode, family)
  }
})

t.test('ultra_fast is ultra; other names are no modes', async t => {
  t.strictSame(['ultra', 'ultra_fast', 'scalp', 'swing', 'position'].map(normalizeMode), [
    'ultra',
    'ultra',
    'scalp',
    'swing',
    'position',
  ])
  t.strictSame(
    ['', 'Ultra', 'scalp_reentry', '__proto__', 'constructor', 'toString'].map(normalizeMode),
    Array(6).fill(undefined),
  )
})

t.test('instances that know other keys of documents do not share a view', async t => {
  const suffixes = DOCUMENTS.flatMap(({ keySuffixes }) => keySuffixes.map(({ suffix }) => suffix))
  const hash = createHash('sha256').update(suffixes.join(' ')).digest('hex').slice(0, 8)
  // With another list of keys, another SCRIPT_RULES: CONTRIBUTING, "Add a document".
  t.strictSame({ rules: SCRIPT_RULES, hash }, { rules: 7, hash: '74b851d5' })
})

t.test('an unknown kind throws', async t => {
  t.throws(() => documentOf('mode.ultra_fast'), /mode\.ultra_fast/)
  t.throws(() => documentOf('__proto__'))
})
