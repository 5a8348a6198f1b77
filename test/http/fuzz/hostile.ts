import fc from 'fast-check'
import { jsonValues } from '../../documents/arbitraries.ts'
import { bodyOf, type Operation } from '../api-document.ts'

/** Texts and bodies that have broken JSON services before. */

const TEXTS = [
  '',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  "'; DROP TABLE documents; --",
  '%s%n',
  '\u202e',
  '\ufeff',
  '1e400',
  '-0',
  'NaN',
  'null',
  'x'.repeat(5_000),
]

export const hostileTexts: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'binary', maxLength: 12 }),
)

/** Written as JSON text, because JSON.stringify cannot say all of it. */
const RAW = [
  '1e400',
  '-1e400',
  '1e308',
  '1e-400',
  '-0',
  '123456789012345678901234567890',
  '0.1000000000000000055511151231257827',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  `"${'y'.repeat(20_000)}"`,
  '[]',
  '[[]]',
  '{}',
  'null',
  'true',
  '""',
  '"5"',
  '5',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"hasOwnProperty":2,"valueOf":null}',
  `${'['.repeat(3_000)}${']'.repeat(3_000)}`,
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`,
  `{"${'k'.repeat(20_000)}":1}`,
  `{${Array.from({ length: 500 }, (_, i) => `"k${i}":${i}`).join(',')}}`,
]
const BROKEN = [
  '',
  '{',
  '}',
  '{"a"',
  '{"a":}',
  '[1,]',
  'undefined',
  "{'a':1}",
  '{"a":1}{"b":2}',
  '\ufeff{}',
  'NaN',
  '\u0000',
  '// x',
  '{"a":1,}',
]

/** Bodies for an operation: its example with anything put anywhere, keys twice, raw values, and what is no JSON. */
export function hostileBodies(operation: Operation): fc.Arbitrary<string | Buffer> {
  const example = JSON.stringify(bodyOf(operation).payload ?? { count: 1 })
  const value = fc.oneof(
    fc.constantFrom(...RAW),
    jsonValues.map(each => JSON.stringify(each)),
    hostileTexts.map(each => JSON.stringify(each)),
  )
  const places = [...example.matchAll(/:/g)].map(({ index }) => index)
  const inside = fc
    .tuple(fc.constantFrom(...places), value)
    .map(([at, text]) => replaceValue(example, at, text))
  const added = fc.tuple(hostileTexts, value, fc.boolean()).map(([name, text, twice]) => {
    const pair = `${JSON.stringify(name)}:${text}`
    return `{${twice ? `${pair},` : ''}${pair},${example.slice(1)}`
  })
  const cut = fc.nat({ max: example.length }).map(length => example.slice(0, length))
  const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array))
  return fc.oneof(fc.constant(example), inside, inside, added, value, cut, fc.constantFrom(...BROKEN), bytes)
}

/** The value behind the colon at `at` becomes `text`: scalars whole, of objects and arrays only the first character. */
function replaceValue(json: string, at: number, text: string): string {
  const rest = json.slice(at + 1)
  const [old = ''] = /^(?:"(?:[^"\\]|\\.)*"|[-\d.eE+]+|true|false|null|\[\]|\{\})/.exec(rest) ?? []
  return `${json.slice(0, at + 1)}${text}${old === '' ? `,"z":${rest}` : rest.slice(old.length)}`
}
