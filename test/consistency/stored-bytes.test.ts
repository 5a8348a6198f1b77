import t from 'tap'
import { headOf, isValue, versionOf } from '../../src/consistency/stored-bytes.ts'

const value = (version: string) => Buffer.from(`{"version":${version},"updated_at":"x","data":{}}`)

t.test('a value and its version', async t => {
  for (const version of ['1', '7', '10', '1234567890', '9007199254740991']) {
    t.equal(isValue(value(version)), true, version)
    t.equal(versionOf(value(version)), Number(version))
    t.strictSame(headOf(value(version)), { type: 'value', version: Number(version) })
  }
})

t.test('what is none', async t => {
  const whole = value('7')
  const others = [
    '',
    '{',
    '{"version":',
    '{"version":7',
    '{"version":7}',
    '{"version":,"data":{}}',
    '{"version":-7,"data":{}}',
    '{"version":7 ,"data":{}}',
    '{"version":/,"data":{}}',
    '{"version"::,"data":{}}',
    '{"version":12345678901234567,"data":{}}',
    ' {"version":7,"data":{}}',
    '{"Version":7,"data":{}}',
    '{"fence":8,"nonce":"0123456789abcdef"}',
    whole.subarray(0, -3),
  ]
  for (const other of others) t.equal(isValue(Buffer.from(other)), false, String(other))
  t.equal(isValue(null), false)
  t.throws(() => versionOf(Buffer.from('{"fence":8,"nonce":"0123456789abcdef"}')), /without a version/)
})
