import t from 'tap'
import { MANUAL_EDIT } from './faults/by-hand.ts'
import { FAILOVER } from './faults/failover.ts'
import type { Fault } from './faults/fault.ts'
import { REDIS_DATA_FAULTS } from './faults/redis-data.ts'
import { STEP_FAULTS } from './faults/steps.ts'
import { beginJobs } from './jobs.ts'
import { run } from './runner.ts'
import { work } from './workload.ts'

/** A few of the faults of `npm run chaos`, one after the other; documents, order numbers, scheduled and bulk changes. */
const NAMES = ['Redis killed, AOF cut', 'gateway killed at write.fenced', 'FLUSHALL']
const FAULTS: readonly Fault[] = [
  ...[...REDIS_DATA_FAULTS, ...STEP_FAULTS].filter(({ name }) => NAMES.includes(name)),
  MANUAL_EDIT,
  FAILOVER,
]
const USERS = ['u0', 'u1', 'u2', 'u3']
const GATEWAYS = 2

t.test('a short chaos run', async t => {
  let next = 0
  const { history, violations, recoveries, numbers } = await run(t, {
    seed: 7,
    gateways: GATEWAYS,
    clients: 4,
    users: USERS,
    more: () => next < FAULTS.length,
    nextFault: () => FAULTS[next++]!,
    work: (client, random, stopped) =>
      work(client, random, { users: USERS, gateways: GATEWAYS, pauseMs: 60 }, stopped),
    beside: stack => beginJobs(stack, { users: USERS, seed: 7 }),
  })
  t.strictSame(violations, [])
  t.equal(recoveries.length, NAMES.length + 2)
  t.ok(numbers.drawn > 0)
  const types = new Set(history.operations.map(({ type }) => type))
  const reasons = new Set(history.stored.map(({ reason }) => reason))
  t.ok(reasons.has('schedule') && reasons.has('bulk'), [...reasons].join())
  t.ok(
    types.has('read') && types.has('write') && types.has('draw'),
    `${history.operations.length} operations`,
  )
})
