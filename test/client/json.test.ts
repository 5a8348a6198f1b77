import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseJson, stringifyJson } from '../../src/client/json.ts'

t.test('names with escapes arrive as they were sent, whatever was read before', async t => {
  // JSON.parse of V8 12.8 to 14.6 answers the first name for the second one too.
  parseJson('{"theme_x":1,"\\\\u0":1}')
  t.strictSame(parseJson('{"theme_x":1,"\\u00e9t\\u00e9":2}'), { theme_x: 1, été: 2 })
  parseJson('{"preferences":{"kq":1,"\\\\\\"a":1}}')
  t.strictSame(parseJson('{"preferences":{"kq":1,"\\"ab":2}}'), { preferences: { kq: 1, '"ab': 2 } })
})

t.test('integers beyond 2^53 - 1 are bigint, and nothing else is', async t => {
  t.strictSame(parseJson('{"orderId":8389765612825190229,"n":-9007199254740993,"ok":9007199254740991}'), {
    orderId: 8389765612825190229n,
    n: -9007199254740993n,
    ok: 9007199254740991,
  })
  t.strictSame(parseJson('[1e20,0.12345678901234567890,"8389765612825190229",-0]'), [
    1e20,
    0.12345678901234568,
    '8389765612825190229',
    -0,
  ])
})

t.test('as JSON.parse otherwise: the last of two names, __proto__, depth, and what is no JSON', async t => {
  t.strictSame(parseJson('{"a":8389765612825190229,"a":1}'), { a: 1 })
  const value = parseJson('{"__proto__":{"x":8389765612825190229}}') as object
  t.ok(Object.hasOwn(value, '__proto__'))
  t.equal(Object.getPrototypeOf(value), Object.prototype)
  const depth = 20_000
  t.ok(Array.isArray(parseJson(`${'['.repeat(depth)}8389765612825190229${']'.repeat(depth)}`)))
  for (const text of ['', '{', '[1,]', '{"a":01}', "{'a':1}", '\u00a08389765612825190229']) {
    t.throws(() => parseJson(text), SyntaxError, text)
  }
})

t.test('a bigint is sent as an integer, also where the application gave it a toJSON', async t => {
  t.equal(stringifyJson({ id: 8389765612825190229n, list: [-1n] }), '{"id":8389765612825190229,"list":[-1]}')
  t.equal(stringifyJson(5n), '5')
  const prototype = BigInt.prototype as { toJSON?: () => string }
  prototype.toJSON = () => 'other'
  t.teardown(() => delete prototype.toJSON)
  t.equal(stringifyJson({ id: 8389765612825190229n }), '{"id":8389765612825190229}')
})

t.test('what is no JSON is a TypeError', async t => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  for (const value of [undefined, () => {}, Symbol('x'), cycle])
    t.throws(() => stringifyJson(value), TypeError)
})

t.test('every value comes back', async t => {
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.bigInt().filter(n => !Number.isSafeInteger(Number(n))),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(value, given => {
      // -0 is 0 in JSON.
      const wanted = normal(given)
      assert.deepEqual(parseJson(stringifyJson(given)), wanted)
      assert.deepEqual(parseJson(escaped(stringifyJson(given))), wanted, 'with every character escaped')
    }),
    { numRuns: 300 },
  )
  t.pass()
})

function normal(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  // JSON.stringify writes a large number without an exponent up to 1e21: as an integer.
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 1e21)
    return BigInt(String(value))
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, normal(inner)]))
}

/** The same text with letters and digits of strings as \\uXXXX. */
function escaped(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, literal => {
    const value: string = JSON.parse(literal)
    return `"${[...Array(value.length).keys()].map(i => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
  })
}
