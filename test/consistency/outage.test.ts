import t from 'tap'
import { Outage } from '../../src/consistency/outage.ts'
import { clockByHand } from '../helper/clock.ts'

/** The wait of writes for the leases of a view that was turned OFF. */

const EPOCH = 7
const OFF_WAIT_MS = 1_500

function openOutage() {
  const clock = clockByHand()
  const drained: number[] = []
  const outage = new Outage({
    store: { setDrained: async (epoch: number) => void drained.push(epoch) } as never,
    clock: clock as never,
    observer: { step: async () => {} } as never,
    lease: undefined as never,
    times: { leaseMs: 1_000, offWaitMs: OFF_WAIT_MS },
  })
  /** Begins a wait; the returned function tells whether it has ended. */
  const wait = (leaseMs: number) => {
    let over = false
    void outage.waitUntilDrained({ epoch: EPOCH, leaseMs }).then(() => {
      over = true
    })
    return () => over
  }
  return { clock, outage, drained, wait }
}

t.test('it lasts as long as the longest lease, and says then that the view is drained', async t => {
  const { clock, drained, wait } = openOutage()
  const isOver = wait(5_000)
  await clock.pass(5 * OFF_WAIT_MS - 100)
  t.notOk(isOver())
  await clock.pass(100)
  t.ok(isOver())
  t.strictSame(drained, [EPOCH])
})

t.test('it ends when the database says that another instance has waited', async t => {
  for (const view of [
    { epoch: EPOCH, drained: true },
    { epoch: EPOCH + 1, drained: false },
  ]) {
    const { clock, outage, drained, wait } = openOutage()
    const waits = [wait(5_000), wait(5_000)]
    outage.note({ epoch: EPOCH - 1, drained: true })
    outage.note({ epoch: EPOCH, drained: false })
    await clock.pass(1_000)
    t.strictSame(
      waits.map(isOver => isOver()),
      [false, false],
    )
    t.equal(outage.lastDraining, 1_000)
    outage.note(view)
    await clock.pass(100)
    t.strictSame(
      waits.map(isOver => isOver()),
      [true, true],
    )
    await clock.pass(500)
    t.equal(outage.lastDraining, 1_100, 'no write is delayed by it any more')
    t.strictSame(drained, [], 'it says nothing of leases that it did not wait for')
  }
})
