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

t.test('an empty object is a leaf beside nothing, and a branch beside an object', async t => {
  t.strictSame(diff({}, { a: {} }), [{ path: 'a', to: {} }])
  t.strictSame(diff({ a: { b: {} } }, { a: {} }), [{ path: 'a.b', from: {} }])
  t.strictSame(diff({ a: {} }, { a: { b: 1 } }), [{ path: 'a.b', to: 1, into: 'a' }])
  t.strictSame(diff({ a: { b: 1, c: [] } }, { a: {} }), [
    { path: 'a.b', from: 1 },
    { path: 'a.c', from: [] },
  ])
  t.strictSame(diff({ a: {} }, { a: 1 }), [{ path: 'a', from: {}, to: 1 }])
  t.strictSame(diff({ a: {} }, { a: [] }), [{ path: 'a', from: {}, to: [] }])
})

t.test('a new field says which object was there before it', async t => {
  t.strictSame(diff({ a: { x: 1 } }, { a: { x: 1, g: { h: { b: 1 } } }, n: { c: 2 }, o: 3 }), [
    { path: 'a.g.h.b', to: 1, into: 'a' },
    { path: 'n.c', to: 2 },
    { path: 'o', to: 3 },
  ])
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
