import t from 'tap'
import { Fleet, type FleetDeps } from '../../src/fleet/fleet.ts'

/** A row of one instance, written when the test says so. */
function openFleet() {
  let state = 'starting'
  let row: string | undefined
  const renewals: (() => void)[] = []
  const fleet = new Fleet({
    instance: { id: 'a', report: () => state } as never,
    store: {
      renew: (report: string) =>
        new Promise<void>(resolve => {
          renewals.push(() => {
            row = report
            resolve()
          })
        }),
      remove: async () => {
        row = undefined
      },
    } as never,
    vitals: { next: () => {}, stop: () => {} } as never,
    ready: () => true,
    removeMs: 60_000,
    onFailed: error => {
      throw error
    },
  } satisfies FleetDeps)
  return {
    fleet,
    renewals,
    row: () => row,
    setState: (now: string) => {
      state = now
    },
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

t.test('an older report never takes the place of a newer one', async t => {
  const { fleet, renewals, row, setState } = openFleet()
  const first = fleet.beat()
  await turn()
  setState('ready')
  const second = fleet.beat()
  await turn()
  t.equal(renewals.length, 1, 'one at a time')
  // The database answers the newest question first, where there are several.
  renewals.pop()!()
  await turn()
  renewals.pop()!()
  await Promise.all([first, second])
  t.equal(row(), 'ready')
})

t.test('a beat that is under way does not bring the row back', async t => {
  const { fleet, renewals, row } = openFleet()
  fleet.start()
  await turn()
  renewals.pop()!()
  await turn()
  const late = fleet.beat()
  await turn()
  const stopped = fleet.stop()
  await turn()
  renewals.pop()!()
  await Promise.all([late, stopped])
  t.equal(row(), undefined)
})
