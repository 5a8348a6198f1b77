import t from 'tap'
import { SYSTEM_CLOCK } from '../src/system-clock.ts'

t.test('nonces have 16 hex digits, and none comes twice', async t => {
  const nonces = Array.from({ length: 10_000 }, () => SYSTEM_CLOCK.nonce())
  t.strictSame(
    nonces.filter(nonce => !/^[0-9a-f]{16}$/.test(nonce)),
    [],
  )
  t.equal(new Set(nonces).size, nonces.length)
})
