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
        Array.from({ length: 256 }, (_, index) => ({ userId: `u${index}`, version: 1, changes: null })),
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
    t.ok(changed.length < 50, `${changed.length} users were begun`)
    t.equal(leases.at(-1), 0, 'the claim is given back')
  },
)
