import type { TestPostgres, TestRedis } from '../../helper/backends.ts'
import { onServer } from '../../helper/backends.ts'
import { between, type Fault } from '../faults/fault.ts'
import { NETWORK_FAULTS } from '../faults/network.ts'
import { PROCESS_FAULTS } from '../faults/processes.ts'
import { type Scenario, UNDISTURBED } from './scenario.ts'

type Servers = { readonly postgres: TestPostgres; readonly redis: TestRedis }

/** What shows a wrong isolation or a wrong wait: writers whose fences fail, and readers beside them. */
const RESTLESS: readonly Fault[] = [
  UNDISTURBED,
  ...[...PROCESS_FAULTS, ...NETWORK_FAULTS].filter(({ name }) =>
    ['Redis killed', 'Redis frozen', 'network to Redis is cut', 'network to Redis drops replies'].includes(
      name,
    ),
  ),
]

function isolation(level: string) {
  return ({ postgres }: Servers) =>
    onServer(postgres.url, async client => {
      await client.query(`ALTER ROLE postgres SET default_transaction_isolation = '${level}'`)
    })
}

/** The gateway with the long lease loses PostgreSQL in the moment in which another one cannot fence. */
const LEASES_APART: Fault = {
  name: 'one gateway without PostgreSQL, another without Redis',
  async inject(context) {
    const { gateways } = context.stack
    const [patient, ...others] = gateways
    context.hurt('postgres', [patient!])
    patient!.postgresProxy.blackHole()
    for (const { redisProxy } of others) redisProxy.blackHole()
    await between(context, 1_500, 5_000)
    for (const { redisProxy } of others) redisProxy.pass()
    patient!.postgresProxy.pass()
  },
}

/** Small enough that the documents of the run do not fit, whatever the policy then takes. */
const FULL = '3mb'

const LATE_PUTS: Fault = {
  name: 'one gateway far from Redis',
  async inject(context) {
    const [late] = context.stack.gateways
    late!.redisProxy.delay(70)
    await between(context, 1_000, 3_000)
    late!.redisProxy.pass()
  },
}

/** Redis takes the keys that it likes, in the middle of everything. */
const EVICTING: Fault = {
  name: 'Redis evicts keys',
  async inject(context) {
    const { stack } = context
    await stack.command(async client => {
      await client.config('SET', 'maxmemory-policy', 'volatile-lru')
      await client.config('SET', 'maxmemory', FULL)
    })
    await between(context, 500, 2_000)
    await stack.command(async client => {
      await client.config('SET', 'maxmemory', '0')
      await client.config('SET', 'maxmemory-policy', 'noeviction')
    })
  },
}

/** Any key of the gateway goes, as an eviction by another policy or DEL would have it. */
const KEYS_GO: Fault = {
  name: 'keys of documents and stamps are deleted',
  async inject(context) {
    const { stack, random } = context
    for (let i = 0; i < 40; i++) {
      await stack.command(async client => {
        const [, keys] = await client.scan(random.int(1 << 16), 'COUNT', 200)
        const own = keys.filter(key => /^(user:[^:]+:(?!sequence)|gateway:stamp:)/.test(key))
        if (own.length > 0) await client.del(...own.filter(() => random.chance(0.3)), 'nothing')
      })
      await between(context, 5, 60)
    }
  },
}

export const SERVERS: readonly Scenario[] = [
  ...['repeatable read', 'serializable'].map(level => ({
    name: level === 'serializable' ? 'C3b' : 'C3',
    says: `the role's default isolation is ${level}`,
    stack: { prepare: isolation(level) },
    faults: RESTLESS,
  })),
  {
    name: 'C4',
    says: 'one instance has LEASE_MS 5000, the others 1000',
    stack: {
      env: (index: number) =>
        index === 0
          ? { LEASE_MS: '5000', LEASE_RENEW_MS: '1000', OFF_WAIT_MS: '5500' }
          : { LEASE_MS: '1000' },
    },
    faults: [LEASES_APART, ...RESTLESS],
  },
  {
    name: 'C6',
    says: 'Redis evicts, and puts of one instance are late',
    faults: [LATE_PUTS, EVICTING, KEYS_GO],
  },
]
