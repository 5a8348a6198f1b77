import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { jsonValues } from './arbitraries.ts'

t.test('keys are sorted by UTF-16 code units at every level, arrays keep their order', async t => {
  t.equal(
    canonicalJson({
      b: [3, { z: 1, a: null }],
      a: true,
      B: '"',
      10: 1,
      9: 2,
      é: 3,
      '\u{1f600}': 4,
      '\uffff': 5,
    }),
    '{"10":1,"9":2,"B":"\\"","a":true,"b":[3,{"a":null,"z":1}],"é":3,"\u{1f600}":4,"\uffff":5}',
  )
})

t.test('a field that is undefined is no field', async t => {
  t.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}')
})

t.test('parses to the same value, whatever the value is, and is stable', async () => {
  fc.assert(
    fc.property(jsonValues, value => {
      const text = canonicalJson(value)
      return (
        JSON.stringify(sorted(JSON.parse(text))) === JSON.stringify(sorted(value)) &&
        canonicalJson(JSON.parse(text)) === text
      )
    }),
  )
})

t.test('is the same for every order of the keys', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), jsonValues)), pairs => {
      const unique = [...new Map(pairs)]
      return canonicalJson(Object.fromEntries(unique)) === canonicalJson(Object.fromEntries(unique.reverse()))
    }),
  )
})

/** Every object as its sorted entries. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, child]) => [name, sorted(child)] as const)
  return { entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) }
}
