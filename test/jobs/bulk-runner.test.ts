import t from 'tap'
import type { BulkStorePort, ClaimedBulk } from '../../src/jobs/bulk-ports.ts'
import { BulkRunner } from '../../src/jobs/bulk-runner.ts'

const BULK = { id: 'b', kind: 'mode.scalp', where: [], listed: true } as unknown as ClaimedBulk
const OBSERVER = { stepDone: () => {}, refused: () => {}, openCounted: () => {}, failed: () => {} }

t.test(
  'a shutdown ends a bulk change between two users, and gives it to another instance at once',
  async t => {
    const end = new AbortController()
    const leases: number[] = []
    const changed: string[] = []
    const store = {
      claim: async () => BULK,
      renew: async (_id: string, _holder: string, leaseMs: number) => {
        leases.push(leaseMs)
        return true
      },
      pending: async () =>
        Array.from({ length: 1_024 }, (_, index) => ({ userId: `u${index}`, version: 1, changes: null })),
      settle: async () => {},
    } as unknown as BulkStorePort
    const steps = {
      change: async (_bulk: ClaimedBulk, { userId }: { readonly userId: string }) => {
        changed.push(userId)
        if (changed.length === 20) end.abort()
        return true
      },
    }
    await new BulkRunner({ store, steps, observer: OBSERVER, holder: 'me' }).run(end.signal)
    t.ok(changed.length < 512, `${changed.length} users were begun`)
    t.equal(leases.at(-1), 0, 'the claim is given back')
  },
)

t.test('cancelled: the users who are left are not tried, and nothing counts as failed', async t => {
  let begun = 0
  let failures = 0
  const store = {
    claim: async () => BULK,
    // Cancelled when the first user is about to be changed.
    renew: async () => begun === 0,
    pending: async () =>
      Array.from({ length: 1_024 }, (_, index) => ({ userId: `u${index}`, version: 1, changes: null })),
    settle: async () => {},
  } as unknown as BulkStorePort
  const steps = {
    change: async () => {
      begun++
      throw new Error('refused by the trigger')
    },
  }
  const observer = { ...OBSERVER, failed: () => failures++ }
  await new BulkRunner({ store, steps, observer, holder: 'me' }).run(new AbortController().signal)
  t.ok(begun < 512, `${begun} users were begun`)
  t.equal(failures, 0)
})
