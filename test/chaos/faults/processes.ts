import type pg from 'pg'
import { eventually } from '../../helper/gateway.ts'
import { anyGateway, between, type Fault, type FaultContext } from './fault.ts'

const LOST_IDS = 20

/** kill -9 and SIGSTOP, of gateways and servers, at any moment. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'gateway killed',
    async inject(context) {
      const gateway = anyGateway(context)
      context.hurt('gateway', [gateway])
      await gateway.process.kill()
      await between(context, 0, 500)
      await gateway.process.start()
    },
  },
  {
    name: 'gateway frozen',
    async inject(context) {
      const gateway = anyGateway(context)
      context.hurt('gateway', [gateway])
      gateway.process.freeze()
      await between(context, 200, 4_000)
      gateway.process.thaw()
    },
  },
  {
    // As on a machine that is too busy: timers fire late, but nothing may fail for it.
    name: 'gateway stutters',
    async inject(context) {
      const { process } = anyGateway(context)
      for (let i = 0; i < 15; i++) {
        process.freeze()
        await between(context, 20, 150)
        process.thaw()
        await between(context, 5, 60)
      }
    },
  },
  {
    name: 'Redis killed',
    async inject(context) {
      await context.stack.redis.kill()
      await between(context, 0, 2_500)
      await context.stack.redis.restart()
    },
  },
  {
    name: 'Redis frozen',
    async inject(context) {
      context.stack.redis.freeze()
      await between(context, 50, 3_000)
      context.stack.redis.thaw()
    },
  },
  {
    name: 'PostgreSQL killed',
    async inject(context) {
      context.hurt('postgres', context.stack.gateways)
      await context.stack.postgres.kill()
      await between(context, 0, 1_500)
      await context.stack.postgres.restart()
    },
  },
  {
    // As the kernel does when memory runs out. The others begin again, without a new start of the server, and transaction ids
    // of which nothing was on disk are given a second time.
    name: 'a process of PostgreSQL killed',
    async inject(context) {
      context.hurt('postgres', context.stack.gateways)
      const { stack } = context
      // Behind this the server accepts nobody until it has recovered.
      await stack.sql(async witness => {
        const ended = new Promise(resolve => witness.once('error', resolve))
        await stack.sql(killOwnProcess)
        await ended
      })
      await eventually('PostgreSQL has recovered', () =>
        stack
          .sql(client => client.query('SELECT'))
          .then(
            () => true,
            () => false,
          ),
      )
    },
  },
  {
    name: 'PostgreSQL frozen',
    async inject(context) {
      context.hurt('postgres', context.stack.gateways)
      context.stack.postgres.freeze()
      await between(context, 100, 4_000)
      context.stack.postgres.thaw()
    },
  },
  { name: 'both databases killed', inject: killBoth },
]

/** Ends the process of this connection, behind transactions that leave nothing on disk. */
async function killOwnProcess(client: pg.Client): Promise<void> {
  for (let id = 0; id < LOST_IDS; id++) await client.query('BEGIN; SELECT pg_current_xact_id(); ROLLBACK')
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  process.kill(rows[0]!.pid, 'SIGKILL')
}

async function killBoth(context: FaultContext): Promise<void> {
  const { redis, postgres, gateways } = context.stack
  context.hurt('postgres', gateways)
  await Promise.all([redis.kill(), postgres.kill()])
  await between(context, 0, 1_000)
  await Promise.all([redis.restart(), postgres.restart()])
}
