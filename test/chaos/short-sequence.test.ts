import t from 'tap'
import { draws } from './draws.ts'
import { REDIS_FAULTS } from './faults/catalogue.ts'
import { run } from './runner.ts'

/** A few of the faults of `npm run chaos:sequence`, one after the other; nothing but order numbers. */
const NAMES = ['Redis killed, AOF cut', 'gateway killed', 'FLUSHALL', 'lagging replica promoted']
const USERS = Array.from({ length: 5 }, (_, index) => `u${index}`)
const GATEWAYS = 2

t.test('no order number twice while Redis and gateways fail', async t => {
  const faults = NAMES.map(name => REDIS_FAULTS.find(fault => fault.name === name)!)
  let next = 0
  const { violations, recoveries, numbers } = await run(t, {
    seed: 5,
    gateways: GATEWAYS,
    clients: 4,
    users: USERS,
    more: () => next < faults.length,
    nextFault: () => faults[next++]!,
    work: (client, random, stopped) =>
      draws(client, random, { users: USERS, gateways: GATEWAYS, pauseMs: 40 }, stopped),
  })
  t.strictSame(violations, [])
  t.strictSame(
    recoveries.map(({ fault }) => fault),
    NAMES,
  )
  t.ok(numbers.drawn > 1_000, `${numbers.drawn} drawn, ${numbers.burned} burned`)
})
