import type { TestRedis } from '../../helper/backends.ts'
import { FAILOVER } from '../faults/failover.ts'
import { between, type Fault } from '../faults/fault.ts'
import { PROCESS_FAULTS } from '../faults/processes.ts'
import type { Violation } from '../history.ts'
import { onRedis, type Stack } from '../stack.ts'
import type { Scenario } from './scenario.ts'

const FOREIGN = 100_000
const PER_COMMAND = 1_000
/** Names of other applications, some of them close to those of the gateway. */
const NAMES: readonly ((index: number) => string)[] = [
  index => `session:${index}`,
  index => `user:${index}:name`,
  index => `user:${index}:settings`,
  index => `user:${index}:settings:all:backup`,
  index => `user:${index}:mode:scalping`,
  index => `users:${index}:settings:all`,
  index => `binance:${index}:candles`,
  index => `admin:defaults:${index}`,
  index => `gateway-metrics:${index}`,
  index => `gateways:${index}`,
]

/** name and value of a foreign key. */
function foreign(index: number): [string, string] {
  return [NAMES[index % NAMES.length]!(index), `value ${index}`]
}

async function fill({ redis }: { redis: TestRedis }): Promise<void> {
  await onRedis(redis.url, async client => {
    for (let from = 0; from < FOREIGN; from += PER_COMMAND) {
      await client.mset(...Array.from({ length: PER_COMMAND }, (_, index) => foreign(from + index)).flat())
    }
  })
}

/** Without the marker the gate empties the cache. */
const COLD: Fault = {
  name: 'the view and the marker are deleted',
  async inject(context) {
    await context.stack.command(client => client.del('gateway:view', 'gateway:marker'))
    await between(context, 200, 1_500)
  },
}

const LOST_VIEW: Fault = {
  name: 'the view is deleted',
  async inject(context) {
    await context.stack.command(client => client.del('gateway:view'))
    await between(context, 200, 1_500)
  },
}

/** foreign-key: gone, or of another value, at the end. */
async function count(stack: Stack): Promise<() => Promise<readonly Violation[]>> {
  return () =>
    stack.command(async client => {
      const violations: Violation[] = []
      for (let from = 0; from < FOREIGN; from += PER_COMMAND) {
        const keys = Array.from({ length: PER_COMMAND }, (_, index) => foreign(from + index))
        const values = await client.mget(keys.map(([name]) => name))
        keys.forEach(([name, value], index) => {
          if (values[index] !== value)
            violations.push({ rule: 'foreign-key', message: `${name} is ${values[index]}` })
        })
      }
      return violations
    })
}

export const FOREIGN_KEYS: readonly Scenario[] = [
  {
    name: 'D1',
    says: `${FOREIGN} keys of other applications in the same Redis`,
    stack: { prepare: fill },
    beside: count,
    faults: [COLD, LOST_VIEW, FAILOVER, ...PROCESS_FAULTS.filter(({ name }) => name === 'Redis killed')],
  },
]
