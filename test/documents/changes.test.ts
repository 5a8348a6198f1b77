import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { diff, type PathChange } from '../../src/documents/changes.ts'
import { isJsonObject, type JsonObject, own } from '../../src/documents/json.ts'
import { joinPath, splitPath } from '../../src/documents/paths.ts'
import { jsonObjects } from './arbitraries.ts'

t.test('leaf by leaf, sorted, arrays whole', async t => {
  t.strictSame(
    diff(
      { b: { x: 1, y: [1, 2] }, gone: { p: 1 }, same: { q: 1 } },
      { same: { q: 1 }, b: { x: 2, y: [1] }, a: null },
    ),
    [
      { path: 'a', to: null },
      { path: 'b.x', from: 1, to: 2 },
      { path: 'b.y', from: [1, 2], to: [1] },
      { path: 'gone.p', from: 1 },
    ],
  )
})

t.test('an empty object is a leaf', async t => {
  t.strictSame(diff({ a: {} }, { a: { b: 1 } }), [{ path: 'a', from: {}, to: { b: 1 } }])
  t.strictSame(diff({}, { a: {} }), [{ path: 'a', to: {} }])
})

t.test('a dot in a name is written with a backslash', async t => {
  t.strictSame(diff({}, { 'a.b': { c: 1 } }), [{ path: 'a\\.b.c', to: 1 }])
})

t.test('a long name does not multiply', async t => {
  const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field${index}`, index]))
  const long = 'x'.repeat(100_000)
  t.strictSame(diff({}, { [long]: fields }), [{ path: long, to: fields }])
})

t.test('the order of the keys does not matter', async () => {
  fc.assert(
    fc.property(jsonObjects, jsonObjects, (a, b) => {
      const reversed = Object.fromEntries(Object.entries(a).reverse())
      return canonicalJson(diff(a, b)) === canonicalJson(diff(reversed, b)) && diff(a, reversed).length === 0
    }),
  )
})

t.test('the changes applied to what was give what is', async () => {
  fc.assert(
    fc.property(jsonObjects, jsonObjects, (before, after) => {
      const applied = diff(before, after).reduce(apply, before)
      return canonicalJson(withoutEmpty(applied)) === canonicalJson(withoutEmpty(after))
    }),
    { numRuns: 1000 },
  )
})

t.test('every path names one field and comes back in its names', async () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), names => {
      return canonicalJson(splitPath(names.reduce(joinPath, ''))) === canonicalJson(names)
    }),
  )
  fc.assert(
    fc.property(jsonObjects, jsonObjects, (a, b) => {
      const paths = diff(a, b).map(({ path }) => path)
      return new Set(paths).size === paths.length
    }),
  )
})

function apply(data: JsonObject, change: PathChange): JsonObject {
  return put(data, splitPath(change.path), change.to)
}

function put(data: JsonObject, [name, ...rest]: readonly string[], value: unknown): JsonObject {
  const others = Object.entries(data).filter(([other]) => other !== name)
  const before = own(data, name!)
  const next = rest.length > 0 ? put(isJsonObject(before) ? before : {}, rest, value) : value
  return Object.fromEntries(next === undefined ? others : [...others, [name, next]])
}

/** A group whose last field went is empty, where the other side has none: both say the same. */
function withoutEmpty(value: JsonObject): JsonObject {
  const entries = Object.entries(value).map(([name, child]) => [
    name,
    isJsonObject(child) ? withoutEmpty(child) : child,
  ])
  return Object.fromEntries(
    entries.filter(([, child]) => !isJsonObject(child) || Object.keys(child).length > 0),
  )
}
