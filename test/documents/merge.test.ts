import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { containsPatch, mergeDocument } from '../../src/documents/merge.ts'
import { jsonObjects } from './arbitraries.ts'

const same = (a: unknown, b: unknown) => canonicalJson(a) === canonicalJson(b)

t.test('objects are merged, arrays and everything else replaced, null is a value', async t => {
  t.strictSame(
    mergeDocument(
      { a: { b: 1, c: 2 }, list: [1, 2], gone: 1, n: { x: 1 } },
      { a: { c: 3 }, list: [], gone: null, n: 5 },
    ),
    { a: { b: 1, c: 3 }, list: [], gone: null, n: 5 },
  )
  t.strictSame(mergeDocument({ a: 1 }, { a: { b: null } }), { a: { b: null } })
})

t.test('__proto__ is a name like any other and reaches no prototype', async t => {
  const merged = mergeDocument(
    {},
    JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  )
  t.equal((merged as { polluted?: unknown }).polluted, undefined)
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.equal(canonicalJson(merged), '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
})

t.test('laws', async t => {
  t.test('a document contains exactly the patches that change nothing', async () => {
    const agrees = (a: JsonObject, b: JsonObject) => containsPatch(a, b) === same(mergeDocument(a, b), a)
    fc.assert(
      fc.property(jsonObjects, jsonObjects, (a, b) => {
        const merged = mergeDocument(a, b)
        return agrees(a, b) && agrees(merged, a) && agrees(merged, b) && containsPatch(a, a)
      }),
    )
  })
  t.test('an empty patch, and the document itself, change nothing', async () => {
    fc.assert(fc.property(jsonObjects, a => same(mergeDocument(a, {}), a) && same(mergeDocument(a, a), a)))
  })
  t.test('a patch twice is a patch once', async () => {
    fc.assert(
      fc.property(jsonObjects, jsonObjects, (a, b) => {
        const once = mergeDocument(a, b)
        return same(mergeDocument(once, b), once)
      }),
    )
  })
  t.test('patches of different fields may come in any order', async () => {
    fc.assert(
      fc.property(jsonObjects, jsonObjects, jsonObjects, (a, b, c) =>
        same(
          mergeDocument(mergeDocument(a, { left: b }), { right: c }),
          mergeDocument(mergeDocument(a, { right: c }), { left: b }),
        ),
      ),
    )
  })
  t.test('neither argument changes', async () => {
    fc.assert(
      fc.property(jsonObjects, jsonObjects, (a, b) => {
        const before = canonicalJson([a, b])
        mergeDocument(a, b)
        return canonicalJson([a, b]) === before
      }),
    )
  })
})
