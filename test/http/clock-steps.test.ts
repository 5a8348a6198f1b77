import t, { type Test } from 'tap'
import { DomainError } from '../../src/errors.ts'
import { expiryAt, hasExpired } from '../../src/expiry.ts'
import { AuthFailures } from '../../src/http/auth-failures.ts'
import { CallerLimits } from '../../src/http/rate-limits.ts'

/** Limits and memories keep their length when an operator, or NTP, sets the wall clock. */

const HOUR_MS = 3_600_000
const LIMITS = { windowMs: 60_000, max: 1, writeMax: 1, authFailuresMax: 1 }

/** From now on the clocks say so much more, until the test ends. */
function step(t: Test, { wall = 0, monotonic = 0 }: { wall?: number; monotonic?: number }): void {
  const { now } = Date
  const own = performance.now
  Date.now = () => now() + wall
  performance.now = () => own.call(performance) + monotonic
  t.teardown(() => {
    Date.now = now
    performance.now = own
  })
}

t.test('rate limits: the wall clock neither prolongs nor ends a window', async t => {
  for (const wall of [-HOUR_MS, HOUR_MS]) {
    await t.test(`${wall} ms`, async t => {
      const limits = new CallerLimits(LIMITS)
      const failures = new AuthFailures(LIMITS)
      limits.takeWrite('42')
      failures.count('192.0.2.1', new DomainError('UNAUTHORIZED'))
      step(t, { wall })
      for (const wait of [limits.take('42'), limits.takeWrite('42'), failures.waitMs('192.0.2.1')])
        t.ok(wait > 0 && wait <= LIMITS.windowMs, String(wait))
      step(t, { monotonic: LIMITS.windowMs })
      t.equal(limits.take('42'), 0)
      t.equal(failures.waitMs('192.0.2.1'), 0)
    })
  }
})

t.test('an end comes when either clock says so', async t => {
  const end = expiryAt(Date.now() + HOUR_MS)
  const bounded = expiryAt(Number.POSITIVE_INFINITY, 1_000)
  t.notOk(hasExpired(end))
  t.notOk(hasExpired(bounded))
  t.notOk(hasExpired(expiryAt(Number.POSITIVE_INFINITY)))
  await t.test('the wall clock is ahead', async t => {
    step(t, { wall: HOUR_MS })
    t.ok(hasExpired(end))
    t.notOk(hasExpired(bounded))
  })
  await t.test('the wall clock went back, and an hour has passed', async t => {
    step(t, { wall: -5 * HOUR_MS, monotonic: HOUR_MS })
    t.ok(hasExpired(end))
    t.ok(hasExpired(bounded))
  })
})
