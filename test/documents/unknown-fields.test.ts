import t from 'tap'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../src/documents/defaults.ts'
import type { JsonObject } from '../../src/documents/json.ts'
import { mergeDocument } from '../../src/documents/merge.ts'
import { validateDocument } from '../../src/documents/validate.ts'

const breaker = documentDefaults(BUILT_IN_DEFAULTS, 'circuit_breaker')

/** What a defaults file of another version of the bot has besides. */
const EXAMPLE: JsonObject = {
  grace: 5,
  label: 'x',
  group: { depth: 1, inner: { on: true } },
  list: [1],
  unset: null,
  anything: {},
}

function faultsOf(patch: JsonObject, ...more: JsonObject[]) {
  return validateDocument('circuit_breaker', mergeDocument(breaker, patch), [EXAMPLE, ...more])
}

t.test('a field that an example has is accepted with the JSON type it has there', async t => {
  t.strictSame(
    faultsOf({ grace: 7.5, label: '', group: { depth: 2, inner: { on: false } }, list: ['a', {}] }),
    [],
  )
  t.strictSame(faultsOf({ grace: '7', label: null, list: {}, group: { depth: '1', inner: { on: 1 } } }), [
    { path: 'grace', message: 'must be number, is "7"' },
    { path: 'label', message: 'must be string, is null' },
    { path: 'list', message: 'must be array, is object' },
    { path: 'group.depth', message: 'must be number, is "1"' },
    { path: 'group.inner.on', message: 'must be boolean, is 1' },
  ])
})

t.test('null in an example, and an empty object, say nothing about what belongs there', async t => {
  t.strictSame(faultsOf({ unset: { a: { b: 1 } }, anything: { c: [1] } }), [])
  t.strictSame(faultsOf({ unset: 'text', anything: { c: 1 } }), [])
  t.strictSame(faultsOf({ anything: 5 }), [{ path: 'anything', message: 'must be object, is 5' }])
})

t.test('what was stored under such a field does not narrow it', async t => {
  t.strictSame(faultsOf({ unset: { b: 1 }, anything: { d: 1 } }, { unset: { a: 1 }, anything: { c: 1 } }), [])
})

t.test('a field of no example is unknown, also inside an unknown group', async t => {
  t.strictSame(faultsOf({ group: { dept: 1 } }), [
    { path: 'group.dept', message: 'unknown field dept, did you mean depth?' },
  ])
  t.strictSame(faultsOf({ grase: 1 }), [
    { path: 'grase', message: 'unknown field grase, did you mean grace?' },
  ])
})

t.test('the type of any example will do', async t => {
  t.strictSame(faultsOf({ grace: '7' }, { grace: 'text' }), [])
})

t.test('a known field keeps its schema, whatever an example has', async t => {
  t.strictSame(faultsOf({ enabled: 'yes' }, { enabled: 'yes' }), [
    { path: 'enabled', message: 'must be boolean, is "yes"' },
  ])
})

t.test('names of the prototype are names like any other', async t => {
  const faults = faultsOf(JSON.parse('{"toString":1,"__proto__":{"a":1}}'))
  t.strictSame(
    faults.map(({ path }) => path),
    ['toString', '__proto__'],
  )
})
