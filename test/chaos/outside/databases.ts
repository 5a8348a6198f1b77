import { freePort } from '../../../src/dev/child.ts'
import type { Scope } from '../../helper/backends.ts'
import { Random } from '../../simulation/random.ts'
import { check } from '../checker/check.ts'
import { ChaosClient } from '../client.ts'
import { terminateAll } from '../faults/by-hand.ts'
import { between, type Fault } from '../faults/fault.ts'
import { GatewayProcess } from '../gateway.ts'
import { describe, type History, type Operation, type Violation } from '../history.ts'
import type { Stack } from '../stack.ts'
import { work } from '../workload.ts'
import { type Scenario, UNDISTURBED } from './scenario.ts'

const OTHER = 'other'
const OTHER_USERS = Array.from({ length: 12 }, (_, index) => `u${index}`)
/** A configuration is reloaded, and a COMMIT that was under way has ended, milliseconds. */
const RELOADED_MS = 500

/** A gateway over another database of the same server, on the same Redis, with users of the same names. */
async function otherDatabase(stack: Stack, scope: Scope): Promise<() => Promise<readonly Violation[]>> {
  await stack.sql(client => client.query(`CREATE DATABASE ${OTHER}`))
  const databaseUrl = new URL(stack.postgres.url)
  databaseUrl.pathname = `/${OTHER}`
  const process = new GatewayProcess({
    env: {
      ...stack.gateways[0]!.process.env,
      PORT: String(await freePort()),
      DATABASE_URL: databaseUrl.href,
      REDIS_URL: stack.redis.url,
    },
    logFile: `${stack.postgres.dataDir}.other-gateway.log`,
  })
  scope.teardown(() => process.kill())
  await process.start()
  const answers: Operation[] = []
  const [name, token] = Object.entries(stack.tokens)[0]!
  const client = new ChaosClient(`other-${name}`, token, [process.url], operation => answers.push(operation))
  scope.teardown(() => client.close())
  let stopped = false
  const options = { users: OTHER_USERS, gateways: 1, pauseMs: 10 }
  const working = work(client, new Random(1), options, () => stopped)
  return async () => {
    stopped = true
    await working
    await process.kill()
    return answers
      .filter(({ documents }) => documents.some(({ marks }) => marks.some(isForeign)))
      .map(answer => ({ rule: 'foreign-read', message: `in the other database: ${describe(answer)}` }))
  }
}

/** The client of the other database signs its marks with its name. */
function isForeign(mark: string): boolean {
  return mark !== '' && !mark.startsWith('other-')
}

/**
 * No standby confirms a COMMIT in these times: PostgreSQL stores it all the same when its wait is cancelled, and a
 * failover would lose it.
 */
const unconfirmed: { start: number; end: number }[] = []

const LONELY: Fault = {
  name: 'the standby is gone and waiting commits are cancelled',
  async inject(context) {
    const { stack } = context
    context.hurt('postgres', stack.gateways)
    const standby = (names: string) =>
      stack.sql(async client => {
        await client.query('SET synchronous_commit = local')
        await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
        await client.query('SELECT pg_reload_conf()')
      })
    await standby('nobody')
    await between(context, RELOADED_MS, RELOADED_MS)
    const start = performance.now()
    for (let i = 0; i < 10; i++) {
      await between(context, 100, 300)
      await stack.sql(client =>
        client.query(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`),
      )
    }
    unconfirmed.push({ start, end: performance.now() })
    await standby('')
    await stack.sql(terminateAll)
  },
}

/** unconfirmed-write: acknowledged although no standby has confirmed it. */
function judgeConfirmed(history: History): Violation[] {
  const early = history.operations.filter(
    ({ type, outcome, start, end }) =>
      type === 'write' &&
      outcome === 'ok' &&
      unconfirmed.some(time => time.start <= start && end <= time.end),
  )
  return [...check(history), ...early.map(write => ({ rule: 'unconfirmed-write', message: describe(write) }))]
}

export const DATABASES: readonly Scenario[] = [
  {
    name: 'C5',
    says: 'two databases of one server on one Redis',
    beside: otherDatabase,
    faults: [UNDISTURBED],
  },
  {
    name: 'C13',
    says: 'synchronous replication without its standby',
    judge: judgeConfirmed,
    faults: [LONELY, UNDISTURBED],
  },
]
