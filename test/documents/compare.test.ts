import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { DOCUMENTS } from '../../src/documents/catalogue.ts'
import { applyDefaults, compareDocument, resetField } from '../../src/documents/compare.ts'
import { BUILT_IN_DEFAULTS, documentDefaults, parseDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergeDocument } from '../../src/documents/merge.ts'
import { splitPath } from '../../src/documents/paths.ts'
import { compileRiskIndex } from '../../src/documents/risk.ts'
import { documentsOf, jsonObjects, kinds } from './arbitraries.ts'
import { unknownParts } from './bot-files.ts'

const DEFAULTS = parseDefaults(unknownParts()).data
const RISKS = compileRiskIndex(DEFAULTS).index
const defaultsOf = (kind: string) => documentDefaults(DEFAULTS, kind)
const compare = (kind: string, data: JsonObject) => compareDocument(kind, data, defaultsOf(kind), RISKS)

/** A user's document: any values, and fields that only this user has. */
const users = kinds.chain(kind =>
  fc.record({
    kind: fc.constant(kind),
    data: fc.tuple(documentsOf(kind), jsonObjects).map(([data, extra]) => mergeDocument(extra, data)),
  }),
)

t.test('every difference is told with its risk', async t => {
  const data = mergeDocument(defaultsOf('circuit_breaker'), {
    enabled: false,
    max_daily_loss: 600,
    mine: { a: 1 },
  })
  t.match(compare('circuit_breaker', data), [
    {
      document: 'circuit_breaker',
      path: 'enabled',
      current: false,
      default: true,
      risk: 'high',
      impact: /losses/,
    },
    { document: 'circuit_breaker', path: 'max_daily_loss', current: 600, default: 500, risk: 'low' },
    { document: 'circuit_breaker', path: 'mine.a', current: 1, risk: 'low' },
  ])
})

t.test('the defaults differ in nothing from themselves', async t => {
  for (const { kind } of DOCUMENTS) t.strictSame(compare(kind, defaultsOf(kind)), [], kind)
})

t.test(
  'after apply nothing differs, and the preview was what apply did: 1,000 random documents',
  async () => {
    fc.assert(
      fc.property(users, ({ kind, data }) => {
        const preview = compare(kind, data)
        const after = applyDefaults(data, defaultsOf(kind), undefined)
        const changed = preview.every(({ path, current, default: byDefault }) => {
          return same(valueAt(data, path), current) && same(valueAt(after, path), byDefault)
        })
        const untouched = preview.length > 0 || same(data, after)
        return compare(kind, after).length === 0 && changed && untouched
      }),
      { numRuns: 1000 },
    )
  },
)

t.test('a section alone is reset, the rest stays', async () => {
  fc.assert(
    fc.property(documentsOf('settings'), data => {
      const after = applyDefaults(data, defaultsOf('settings'), 'trading')
      const left = compare('settings', after).map(({ path }) => path)
      const expected = compare('settings', data).map(({ path }) => path)
      return same(
        left,
        expected.filter(path => !path.startsWith('trading.')),
      )
    }),
  )
})

t.test('resetting every field of the comparison leaves nothing that differs', async () => {
  fc.assert(
    fc.property(users, ({ kind, data }) => {
      const reset = compare(kind, data).reduce(
        (now, { path }) => resetField(now, defaultsOf(kind), path) ?? now,
        data,
      )
      return compare(kind, reset).length === 0
    }),
    { numRuns: 500 },
  )
})

t.test('one field is reset, no other', async t => {
  const data = mergeDocument(defaultsOf('mode.scalp'), {
    enabled: false,
    size: { leverage: 20, max_positions: 3 },
  })
  const after = resetField(data, defaultsOf('mode.scalp'), 'size.leverage')!
  t.strictSame(
    compare('mode.scalp', after).map(({ path }) => path),
    ['enabled', 'size.max_positions'],
  )
  const group = resetField(data, defaultsOf('mode.scalp'), 'size')!
  t.strictSame(
    compare('mode.scalp', group).map(({ path }) => path),
    ['enabled'],
  )
})

t.test('a field that neither side has cannot be reset', async t => {
  for (const path of [
    '',
    'nothing',
    'size.nothing',
    'enabled.x',
    'sltp.tp_gain_levels.0',
    '__proto__',
    'toString',
  ]) {
    t.equal(resetField(defaultsOf('mode.scalp'), defaultsOf('mode.scalp'), path), undefined, path)
  }
})

t.test('nothing given is changed', async () => {
  const before = canonicalJson(BUILT_IN_DEFAULTS)
  fc.assert(
    fc.property(users, ({ kind, data }) => {
      const copy = canonicalJson([data, DEFAULTS])
      applyDefaults(data, defaultsOf(kind), undefined)
      resetField(data, defaultsOf(kind), 'enabled')
      return canonicalJson([data, DEFAULTS]) === copy
    }),
  )
  t.equal(canonicalJson(BUILT_IN_DEFAULTS), before)
})

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

function valueAt(data: JsonObject, path: string): unknown {
  return splitPath(path).reduce<unknown>((at, name) => {
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name)
      ? (at as JsonObject)[name]
      : undefined
  }, data)
}
