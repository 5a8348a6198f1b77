import fc from 'fast-check'
import t from 'tap'
import type { Row } from '../../src/consistency/document-rows.ts'
import { canonicalJson } from '../../src/documents/canonical.ts'
import { fieldTexts } from '../../src/documents/json/field-texts.ts'
import { encode } from '../../src/settings/codec.ts'
import { documentsOf, jsonObjects, kinds } from '../documents/arbitraries.ts'

t.test('the bytes in Redis are the same from what a write stored and from a row of PostgreSQL', async () => {
  const cases = kinds.chain(kind => fc.tuple(fc.constant(kind), documentsOf(kind), jsonObjects))
  fc.assert(
    fc.property(cases, ([kind, document, extra]) => {
      const data = { ...document, ...(kind === 'settings' ? { preferences: extra } : { extra }) }
      const row = { ref: { userId: '42', kind }, version: 7, updatedAt: '2026-01-06T12:00:00.000Z' }
      const written: Row = { ...row, data: canonicalJson(data), isCanonical: true }
      const read: Row = { ...row, data: JSON.stringify(data, null, 1) }
      const [one, other] = [encode(written), encode(read)]
      return one.length === other.length && one.every((bytes, i) => bytes.equals(other[i]!))
    }),
  )
})

t.test('the fields of an object by the names that are written', async t => {
  fc.assert(
    fc.property(jsonObjects, object => {
      const texts = fieldTexts(canonicalJson(object))
      const names = Object.keys(object)
      return (
        texts.size === names.length &&
        names.every(name => texts.get(JSON.stringify(name).slice(1, -1)) === canonicalJson(object[name]))
      )
    }),
  )
  t.strictSame(
    [...fieldTexts('{"a":"}\\\\\\",","b":[{"c":","}]}')],
    [
      ['a', '"}\\\\\\","'],
      ['b', '[{"c":","}]'],
    ],
  )
  t.throws(() => fieldTexts('{"a":"b'))
})
