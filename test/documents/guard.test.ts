import fc from 'fast-check'
import t from 'tap'
import { guardJson } from '../../src/documents/guard.ts'

t.test('what JSON can say and PostgreSQL or JavaScript cannot hold', async t => {
  const cases: [name: string, json: string, path: string, message: RegExp][] = [
    ['a number beyond a double', '{"a":[1,1e400]}', 'a.1', /fits a double/],
    ['NUL in a text', '{"a":"x\\u0000"}', 'a', /NUL/],
    ['NUL in a name', '{"x\\u0000y":1}', 'x\\\\0y', /NUL/],
    ['half of a surrogate pair', '{"a":"\\ud800"}', 'a', /Unicode/],
    ['half of a pair in a name', '{"\\udc00":1}', '\ufffd', /Unicode/],
    ['__proto__', '{"a":{"__proto__":{"b":1}}}', 'a.__proto__', /name/],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 'constructor', /name/],
  ]
  for (const [name, json, path, message] of cases) {
    t.match(guardJson(JSON.parse(json)), [{ path, message }], name)
    t.equal(guardJson(JSON.parse(json)).length, 1, name)
  }
})

t.test('ordinary values pass', async t => {
  t.strictSame(guardJson({ constructor: 'x', prototype: 1, list: [null, true, -1.5, '\u{1f600}', {}] }), [])
  t.strictSame(guardJson(null), [])
})

t.test('64 levels pass, 65 do not, a million do not overflow the stack', async t => {
  t.strictSame(guardJson(nested(64)), [])
  t.match(guardJson(nested(65)), [{ message: /64 levels/ }])
  t.match(guardJson(nested(1_000_000)), [{ message: /64 levels/ }])
})

t.test('a thousand numbers with exponents pass, more do not', async t => {
  t.strictSame(guardJson({ a: Array(1000).fill(1e300) }), [])
  t.match(guardJson({ a: Array(1001).fill(1e-300) }), [{ path: 'a.1000', message: /1000 numbers/ }])
})

t.test('faults stay small: at most a hundred, names cut', async t => {
  const faults = guardJson({ ['x'.repeat(1_000_000)]: Array(500).fill('\0') })
  t.equal(faults.length, 100)
  t.ok(JSON.stringify(faults).length < 20_000)
})

t.test('never throws, and passes all that JSON and PostgreSQL can hold', async () => {
  fc.assert(fc.property(fc.anything(), value => Array.isArray(guardJson(value))))
  const plain = fc.jsonValue({ maxDepth: 5, stringUnit: fc.constantFrom('a', 'b', '.', 'é') })
  fc.assert(fc.property(plain, value => guardJson(value).length === 0))
})

function nested(levels: number): unknown {
  let value: unknown = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}
