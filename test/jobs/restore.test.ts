import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { diff } from '../../src/documents/changes.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergeDocument } from '../../src/documents/merge.ts'
import { changesIn, restore } from '../../src/jobs/restore.ts'

const CASES: readonly (readonly [what: string, before: JsonObject, patch: JsonObject])[] = [
  ['a value', { a: 1, b: 2 }, { a: 3 }],
  ['a new field', { b: 2 }, { a: 3 }],
  ['a new object', { b: 2 }, { a: { x: 1, y: { z: 2 } } }],
  ['a field of an object', { a: { x: 1, y: 2 } }, { a: { x: 5, n: 6 } }],
  ['an array', { a: [1, 2] }, { a: [3] }],
  ['an empty object', { a: {} }, { a: { x: 1 } }],
  ['an object in an empty one', { a: {} }, { a: { g: { h: { x: 1 } } } }],
  ['an empty object in an empty one', { a: {} }, { a: { g: {} } }],
  ['a new empty object', { b: 2 }, { a: {} }],
  ['a value in the place of an object', { a: { x: 1 } }, { a: 3 }],
  ['an object in the place of a value', { a: 3 }, { a: { x: 1 } }],
  ['null', { a: null }, { a: 1 }],
  ['names with dots, and __proto__', { 'a.b': 1 }, JSON.parse('{"a.b":2,"__proto__":{"c":3}}')],
]

/** Few names, so that two of them have much in common. */
const { objects } = fc.letrec<{ objects: JsonObject; values: unknown }>(tie => ({
  objects: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'x'.repeat(200)), tie('values')),
  values: fc.oneof({ depthSize: 'small' }, fc.constantFrom(1, 'text', null, []), tie('objects')),
}))

t.test('a change is taken back', async t => {
  for (const [what, before, patch] of CASES) {
    const after = mergeDocument(before, patch)
    t.strictSame(diff(restore(after, diff(before, after)), before), [], what)
  }
})

t.test('a field that was changed meanwhile stays', async t => {
  const changes = diff({ a: { x: 1, y: 1 }, b: 1 }, { a: { x: 2, y: 2, n: 2 }, b: 2 })
  t.strictSame(restore({ a: { x: 3, y: 2, n: 4 }, b: 2 }, changes), { a: { x: 3, n: 4, y: 1 }, b: 1 })
  const other = { a: 'text', b: 3 }
  t.equal(restore(other, changes), other, 'nothing is left to take back')
  t.strictSame(restore({ b: 2 }, changes), { b: 1 }, 'an object that is gone does not come back')
})

t.test('what random changes made is taken back, empty objects included', async () => {
  fc.assert(
    fc.property(objects, objects, (before, after) => {
      return canonicalJson(restore(after, diff(before, after))) === canonicalJson(before)
    }),
    { numRuns: 1000 },
  )
})

t.test('a field goes from what was an empty object, and what came meanwhile stays', async t => {
  const changes = diff({ a: {} }, { a: { banner: 'on' } })
  t.strictSame(restore({ a: { banner: 'on', other: 1 } }, changes), { a: { other: 1 } })
  t.strictSame(restore({ a: { banner: 'off' } }, changes), { a: { banner: 'off' } })
  const full = diff({ a: { x: 1 } }, { a: { x: 1, banner: 'on' } })
  t.strictSame(restore({ a: { banner: 'on' } }, full), { a: {} }, 'emptied by others: it stays an object')
})

t.test('the same with rows of earlier gateways, which name the object', async t => {
  const filled = [{ path: 'a', from: {}, to: { banner: 'on', g: { x: 1 } } }]
  t.strictSame(restore({ a: { banner: 'on', g: { x: 1 } } }, filled), { a: {} })
  const meanwhile = { a: { banner: 'off', other: 1, g: { x: 1 } } }
  t.strictSame(restore(meanwhile, filled), { a: { banner: 'off', other: 1 } })
  const emptied = [{ path: 'a', from: { x: 1, y: 2 }, to: {} }]
  t.strictSame(restore({ a: { x: 3 } }, emptied), { a: { x: 3, y: 2 } })
  const other = { a: 'text' }
  t.equal(restore(other, filled), other)
  t.strictSame(restore({ a: { b: 1 } }, [{ path: 'a.b', to: 1 }]), {}, 'an object was new')
})

t.test('a history row may hold anything', async t => {
  t.strictSame(changesIn('[{"path":"a","to":1},5,{"from":1}]'), [{ path: 'a', to: 1 }])
  t.strictSame(changesIn('{}'), [])
})
