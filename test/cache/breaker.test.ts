import t, { type Test } from 'tap'
import { Breaker, type BreakerState } from '../../src/cache/breaker.ts'

const FAILURES = 3
const PROBE_MS = 500
const DOWN = new Error('Redis is away')

/** A breaker with timers and probes that the test runs by hand. */
function byHand() {
  const timers = new Map<() => void, number>()
  const changes: [BreakerState, unknown][] = []
  let probe = Promise.withResolvers<void>()
  const breaker = new Breaker({
    failures: FAILURES,
    probeMs: PROBE_MS,
    probe: () => probe.promise,
    onChange: (state, error) => changes.push([state, error]),
    schedule: (ms, work) => {
      timers.set(work, ms)
      return () => timers.delete(work)
    },
  })
  return {
    breaker,
    changes,
    pauses: () => [...timers.values()],
    /** The monotonic clock reaches the timer of `ms`. */
    elapse: (ms: number) => {
      const [work] = [...timers].find(([, pause]) => pause === ms) ?? []
      if (work === undefined) throw new Error(`no timer of ${ms} ms`)
      timers.delete(work)
      work()
    },
    answer: async (up: boolean) => {
      const { resolve, reject } = probe
      probe = Promise.withResolvers<void>()
      if (up) resolve()
      else reject(DOWN)
      await new Promise(done => setImmediate(done))
    },
  }
}

function fail(breaker: Breaker, times = FAILURES): void {
  for (let i = 0; i < times; i++) breaker.failed(DOWN)
}

/** The wall clock steps by so much until the test ends. */
function stepWallClock(t: Test, ms: number): void {
  const { now } = Date
  Date.now = () => now() + ms
  t.teardown(() => {
    Date.now = now
  })
}

t.test('failures in a row open it, once; a success in between counts anew', async t => {
  const { breaker, changes } = byHand()
  fail(breaker, FAILURES - 1)
  breaker.succeeded()
  t.equal(breaker.consecutiveFailures, 0)
  fail(breaker, FAILURES - 1)
  t.equal(breaker.closed, true)
  fail(breaker, 5)
  t.equal(breaker.closed, false)
  t.equal(breaker.consecutiveFailures, FAILURES + 4)
  t.strictSame(changes, [['open', DOWN]])
})

t.test('only a probe closes it, and meanwhile it is half-open', async t => {
  const { breaker, changes, elapse, answer } = byHand()
  const { since } = breaker
  fail(breaker)
  breaker.succeeded()
  t.equal(breaker.state, 'open', 'a late reply says nothing')
  elapse(PROBE_MS)
  t.equal(breaker.state, 'half-open')
  t.equal(breaker.closed, false, 'no request is let through')
  await answer(false)
  t.equal(breaker.state, 'open')
  const openSince = breaker.since
  elapse(PROBE_MS)
  await answer(true)
  t.equal(breaker.closed, true)
  t.equal(breaker.consecutiveFailures, 0)
  t.ok(openSince >= since && breaker.since >= openSince)
  t.strictSame(changes, [
    ['open', DOWN],
    ['half-open', undefined],
    ['open', undefined],
    ['half-open', undefined],
    ['closed', undefined],
  ])
  fail(breaker)
  t.equal(breaker.state, 'open', 'and it opens again')
})

t.test('a probe that never ends counts as failed, and what it says later counts for nothing', async t => {
  const { breaker, elapse, answer } = byHand()
  fail(breaker)
  elapse(PROBE_MS)
  elapse(10_000)
  t.equal(breaker.state, 'open')
  await answer(true)
  t.equal(breaker.state, 'open')
  elapse(PROBE_MS)
  await answer(true)
  t.equal(breaker.state, 'closed')
})

t.test('stopped, it probes no more', async t => {
  const { breaker, elapse, answer, pauses } = byHand()
  fail(breaker)
  elapse(PROBE_MS)
  breaker.stop()
  await answer(false)
  t.strictSame(pauses(), [])
})

for (const [direction, step] of [
  ['back', -3_600_000],
  ['ahead', 3_600_000],
] as const) {
  t.test(
    `the wall clock steps ${direction} while it is open: with real timers it closes in time`,
    async t => {
      const closed = Promise.withResolvers<void>()
      const breaker = new Breaker({
        failures: 1,
        probeMs: 20,
        probe: async () => {},
        onChange: state => state === 'closed' && closed.resolve(),
      })
      t.teardown(() => breaker.stop())
      breaker.failed(DOWN)
      stepWallClock(t, step)
      await closed.promise
      t.equal(breaker.closed, true)
    },
  )
}

t.test('failures of one turn of the event loop may count as one', async t => {
  const changes: BreakerState[] = []
  const breaker = new Breaker({
    failures: FAILURES,
    probeMs: PROBE_MS,
    probe: async () => {},
    countsTurns: true,
    onChange: state => changes.push(state),
    schedule: () => () => {},
  })
  for (const failures of [1, 2, 3]) {
    for (let command = 0; command < 21; command++) breaker.failed(DOWN)
    t.equal(breaker.consecutiveFailures, failures)
    await new Promise(done => setImmediate(done))
  }
  t.strictSame(changes, ['open'])
})
