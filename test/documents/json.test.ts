import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { guardJson } from '../../src/documents/guard.ts'
import { ExactNumber, keepsNumber } from '../../src/documents/json/exact-number.ts'
import { JSON_LIMITS } from '../../src/documents/json/limits.ts'
import { JsonError, readJson } from '../../src/documents/json/read.ts'

t.test('escaped names arrive as they were sent, whatever was read before', async t => {
  // On Node 24 and 26 a bare JSON.parse takes the second name for the first one (nodejs/node #63785).
  const pairs = [
    ['{"preferences":{"kq":1,"\\\\\\"a":1}}', '{"preferences":{"kq":1,"\\"ab":2}}'],
    ['{"theme_x":1,"\\\\\\\\u0":1}', '{"theme_x":1,"\\u00e9t\\u00e9":2}'],
  ] as const
  for (const [first, second] of pairs) {
    readJson(first)
    const inner = (readJson(second) as Record<string, object>).preferences ?? readJson(second)
    t.strictSame(Object.keys(inner as object)[1], second.includes('ab') ? '"ab' : '\u00e9t\u00e9')
    t.same(canonicalJson(readJson(Buffer.from(first))), canonicalJson(readJson(first)))
  }
  // Decoding a text that is no name is right in every release.
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', '"', '\\', '\n', '\u00e9', '\ud800', '\u{1f600}', 'k'),
  })
  fc.assert(
    fc.property(fc.array(name, { maxLength: 5 }), names => {
      const sent = [...new Set(names)]
      const json = `{${sent.map((each, index) => `${escaped(each, index)}:${index}`).join(',')}}`
      const value = readJson(json) as object
      return (
        JSON.stringify(Object.entries(value).sort(byNumber)) ===
        JSON.stringify(sent.map((each, i) => [each, i]))
      )
    }),
    { numRuns: 2_000 },
  )
})

t.test('a name given twice is refused with its path', async t => {
  const cases: [json: string, paths: string[]][] = [
    ['{"trading":{"max":99999999999},"trading":{"max":323}}', ['trading']],
    ['{"a":1,"a":1}', ['a']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['[{"x":{"y.z":1,"y.z":[]}},{"q":1,"q":2,"q":3}]', ['0.x.y\\.z', '1.q', '1.q']],
    ['{"":0,"":1}', ['\\0']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['{"toString":1,"toString":2}', ['toString']],
  ]
  for (const [json, paths] of cases) {
    t.strictSame(
      refusal(json)?.faults?.map(({ path }) => path),
      paths,
      json,
    )
  }
  t.same(readJson('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}'), {
    a: { a: { a: 1 } },
    b: [{ a: 1 }, { a: 2 }],
  })
})

t.test('numbers: kept, or refused with their path, or written back as they were', async t => {
  const kept = [
    '0',
    '-0',
    '1.0',
    '1.10',
    '1e2',
    '1E+2',
    '12e-1',
    '0.1',
    '0.30000000000000004',
    '9007199254740991',
  ]
  const printed = [
    '2.2408600096046532E+15',
    '2240860009604653.3',
    '0.10000000000000001',
    '0.1000000000000000055511151231257827',
    '1e-300',
    '5e-324',
    '0e999',
    '0.000',
  ]
  for (const token of [...kept, ...printed, '-9007199254740991']) t.ok(keepsNumber(token), token)
  const changed = [
    '9007199254740992',
    '-9007199254740992',
    '8389765612825190229',
    '1e16',
    '1e20',
    '1e400',
    '1e-400',
  ]
  const long = ['0.1234567890123456789', '4e-324', '9007199254740991.4', `0.${'1'.repeat(200)}`]
  for (const token of [...changed, ...long]) {
    t.notOk(keepsNumber(token), token)
    const value = readJson(`{"p":[{"o":${token}}]}`) as { p: [{ o: unknown }] }
    t.ok(value.p[0].o instanceof ExactNumber)
    t.equal(canonicalJson(value), `{"p":[{"o":${token}}]}`, 'digit by digit')
    t.match(guardJson(value), [{ path: 'p.0.o', message: /string$/ }])
  }
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), keepsDoubles), {
    numRuns: 5_000,
  })
  fc.assert(
    fc.property(fc.bigInt(), value => keepsNumber(`${value}`) === Number.isSafeInteger(Number(value))),
  )
})

t.test('what is not JSON or not UTF-8 is refused with its position', async t => {
  const texts: [json: string | Buffer, message: RegExp][] = [
    ['{"a":1,}', /at position 7 \(line 1,? column 8\)/],
    ['{"a":\n nope}', /at position 7 \(line 2,? column 2\)/],
    ['nope', /at position 0/],
    ['{"a":', /at position 5/],
    ['', /is empty/],
    ['\ufeff{}', /byte order mark/],
    [Buffer.from([0x22, 0xff, 0x22]), /byte 1 \(0xff/],
    [Buffer.from([0x22, 0xe2, 0x82, 0x22]), /byte 1 \(0xe2/],
    [Buffer.from([0x22, 0xc3, 0xa9, 0x22, 0x0a, 0xed, 0xa0, 0x80]), /byte 5 \(0xed, line 2\)/],
    [Buffer.from([0x22, 0xc3]), /byte 1 \(0xc3/],
    [Buffer.from('\ufeff{}', 'utf16le'), /UTF-16/],
  ]
  for (const [json, message] of texts) {
    t.match(refusal(json)?.message, message)
    t.equal(refusal(json)?.faults, undefined)
  }
})

t.test('bounds: depth, names, values, escapes', async t => {
  t.match(refusal('['.repeat(501) + ']'.repeat(501)), { faults: [{ path: '', message: /64 levels/ }] })
  t.ok(readJson('['.repeat(500) + ']'.repeat(500)))
  const limits = { names: 3, values: 6, escapedNames: 1, escapes: 2 }
  const within = (json: string) => refusal(json, limits)?.message
  t.equal(within('{"a":1,"b":{"c":1}}'), undefined)
  t.match(within('{"a":1,"b":{"c":1,"d":1}}'), /3 names/)
  t.match(within('[1,2,3,4,5,6,7]'), /6 values/)
  t.equal(within('["\\n\\n\\n"]'), undefined)
  t.match(within('{"\\n":"\\n\\n"}'), /2 escapes/)
  t.match(within('{"\\n":1,"\\t":1}'), /1 names with escapes/)
  t.ok(JSON_LIMITS.names >= 42_000, 'a layout of 2 MB')
})

t.test('JSON of any kind: as JSON.parse reads it, where that is right', async () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), json => {
      const hasLongNumbers = /\d{16}|\d[eE]/.test(json)
      return hasLongNumbers || canonicalJson(readJson(json)) === canonicalJson(JSON.parse(json))
    }),
    { numRuns: 2_000 },
  )
})

function keepsDoubles(value: number): boolean {
  const isLarge = Math.abs(value) > Number.MAX_SAFE_INTEGER
  const written = [String(value), value.toPrecision(17), value.toExponential()]
  return written.every(token => isLarge !== keepsNumber(token))
}

function byNumber([, a]: [string, number], [, b]: [string, number]): number {
  return a - b
}

/** A name in JSON: each third one with nothing but \u escapes. */
function escaped(name: string, index: number): string {
  if (index % 3 > 0) return JSON.stringify(name)
  const codes = name.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${codes.join('')}"`
}

function refusal(json: string | Buffer, limits?: typeof JSON_LIMITS): JsonError | undefined {
  try {
    readJson(json, limits)
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
}
