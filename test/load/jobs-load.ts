import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { type Instance, startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { CONTENT, measureSearches } from './job-searches.ts'
import { makeUsers } from './many-users.ts'
import { MemoryWatch } from './memory-watch.ts'
import { type LoadReport, OpenLoop } from './open-loop.ts'
import { machineLoad, say, UNLIMITED } from './report.ts'
import { withScope } from './scope.ts'

/**
 * `npm run jobs-load -- --users 100000`: two instances. Searches by value; a bulk change of all users, with kill -9 of the instance that carries it out
 * in the middle and other callers beside it; then scheduled changes that are due in the same second, with kill -9 in that second.
 * Each user once, each schedule once.
 */

const { values } = commandLine({
  command: 'npm run jobs-load --',
  summary:
    'Searches by value, bulk and scheduled changes over two instances with kill -9: once each, users/s, p99 of other callers, lateness.',
  options: {
    users: { type: 'string', value: 'N', default: '100000', minimum: 1_000, help: 'How many users.' },
    schedules: {
      type: 'string',
      value: 'N',
      default: '1000',
      minimum: 1,
      help: 'How many are due in the same second.',
    },
    rate: {
      type: 'string',
      value: 'N',
      default: '100',
      minimum: 1,
      help: 'Requests of other callers per second.',
    },
  },
})
const [users, schedules, rate] = [Number(values.users), Number(values.schedules), Number(values.rate)]
const SCALP = '/api/futures/ginie/modes/scalp'
/** The other callers are measured so long without the bulk change. */
const ALONE_MS = 15_000
/** Time to make the schedules before they are due. */
const AHEAD_MS = 20_000
let failures = 0

await withScope(async scope => {
  const [databaseUrl, redis] = await Promise.all([createDatabase(scope), startRedis(scope)])
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, MAX_EVENT_LOOP_DELAY_MS: '0', ...UNLIMITED }
  const start = () => startInstance(scope, env)
  const [first, second] = await Promise.all([start(), start()])
  const sql = (text: string, parameters: unknown[] = []) =>
    onServer(databaseUrl, async client => (await client.query(text, parameters)).rows)
  say(`${users} users; ${machineLoad()}`)
  await makeUsers(first.url, databaseUrl, users, CONTENT)
  if (!(await measureSearches(second.url))) failures++
  const alone = await callers(second, () => sleep(ALONE_MS))
  say(`other callers alone: ${textOf(alone)}`)
  const { beside, left } = await bulk([first, second], sql)
  say(`other callers beside it: ${textOf(beside)}; p99 ${(beside.p99 / alone.p99).toFixed(1)} times as long`)
  await due(await start(), left, sql)
})
if (failures > 0) process.exitCode = 1

type Sql = (text: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>

/** Resolves to the instance that is left, and what its other callers met meanwhile. */
async function bulk(instances: readonly [Instance, Instance], sql: Sql) {
  const startedAt = performance.now()
  const body = { document: 'mode.swing', data: { size: { leverage: 7 } }, reason: 'load' }
  const { id } = await admin(instances[0], 'POST', '/api/admin/bulk-changes', body)
  const [killed, left] = await inOrderOfWork(instances)
  const find = () => admin(left, 'GET', `/api/admin/bulk-changes/${id}`)
  const memory = new MemoryWatch(left.pid)
  const beside = await callers(left, async () => {
    await eventually('a third is done', async () => (await find()).done > users / 3)
    process.kill(killed.pid, 'SIGKILL')
    say('kill -9 of the instance at it')
    while ((await find()).state === 'running') await sleep(1_000)
  })
  const seconds = (performance.now() - startedAt) / 1_000
  memory.stop()
  const state = await find()
  say(
    `bulk change: ${state.done} of ${state.total} in ${seconds.toFixed(1)} s, ${(users / seconds).toFixed(0)} users/s; ${memory}; ${machineLoad()}`,
  )
  const [lines] = await sql(
    `SELECT count(*)::int AS lines, count(DISTINCT user_id)::int AS users FROM document_history
     WHERE kind = 'mode.swing' AND reason = 'bulk'`,
  )
  const isOnce = lines?.lines === state.total && lines?.users === state.total
  check(`each user once (${lines?.lines} changes of ${lines?.users} users)`, isOnce && state.state === 'done')
  return { beside, left }
}

/** The instance that carries out the bulk change, then the other one. */
async function inOrderOfWork([first, second]: readonly [Instance, Instance]): Promise<[Instance, Instance]> {
  const works = async (instance: Instance) =>
    (await metrics(instance)).includes('job_steps_total{job="bulk",outcome="done"}')
  await eventually('one is at it', async () => (await works(first)) || (await works(second)))
  return (await works(first)) ? [first, second] : [second, first]
}

async function due(first: Instance, second: Instance, sql: Sql): Promise<void> {
  const at = new Date(Date.now() + AHEAD_MS)
  const instances = [first, second]
  const numbers = Array.from({ length: schedules }, (_, index) => index).values()
  const plan = async () => {
    for (const index of numbers) {
      const body = { at: at.toISOString(), data: { size: { leverage: 3 } } }
      await service(instances[index % 2]!, `u${index}`, `${SCALP}/schedule`, body)
    }
  }
  await Promise.all(Array.from({ length: 10 }, plan))
  check('all are planned before they are due', Date.now() < at.getTime())
  await sleep(at.getTime() - Date.now())
  await eventually(
    'some are done',
    async () => Number((await sql(`SELECT count(*) FROM schedules WHERE state = 'done'`))[0]!.count) > 0,
  )
  process.kill(first.pid, 'SIGKILL')
  await eventually(
    'all are done',
    async () => (await sql(`SELECT FROM schedules WHERE state <> 'done' LIMIT 1`)).length === 0,
  )
  const [row] = await sql(
    `SELECT count(*)::int AS lines, count(DISTINCT h.user_id)::int AS users,
            max(extract(epoch FROM h.updated_at - s.starts_at))::float AS latest,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM h.updated_at - s.starts_at))::float AS median
     FROM document_history h JOIN schedules s ON s.user_id = h.user_id AND s.version = h.version AND s.kind = h.kind
     WHERE h.reason = 'schedule'`,
  )
  const [{ lines } = { lines: -1 }] = await sql(
    `SELECT count(*)::int AS lines FROM document_history WHERE reason = 'schedule'`,
  )
  say(
    `${schedules} scheduled changes, kill -9 meanwhile: latest ${row!.latest} s, median ${row!.median} s late; ${machineLoad()}`,
  )
  check('each schedule once', lines === schedules && row!.users === schedules)
  check('at most 2 s late', Number(row!.latest) <= 2)
}

/** Other callers during `work`. */
async function callers(instance: Instance, work: () => Promise<unknown>): Promise<LoadReport> {
  const load = new OpenLoop({ url: instance.url, rate, writes: 0.1, users: 1_000 })
  const end = new AbortController()
  const running = load.run(end.signal)
  await work()
  end.abort()
  await running
  const report = load.report()
  if (report.failed > 0) failures++
  return report
}

function textOf({ sent, failed, p50, p99, failures: kinds }: LoadReport): string {
  return `${sent} requests, ${failed} failed ${[...kinds].join(' ')}, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
}

async function admin(instance: Instance, method: string, path: string, body?: object) {
  const response = await fetch(instance.url + path, {
    method,
    headers: { ...ADMIN, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path} was answered with ${response.status} ${await response.text()}`)
  return (await response.json()) as { id: string; state: string; done: number; total: number }
}

async function service(instance: Instance, userId: string, path: string, body: object): Promise<void> {
  const response = await fetch(instance.url + path, {
    method: 'POST',
    headers: { ...ADMIN, 'x-user-id': userId, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status !== 201)
    throw new Error(`${path} was answered with ${response.status} ${await response.text()}`)
  await response.body?.cancel()
}

async function metrics({ url }: Instance): Promise<string> {
  return (await fetch(`${url}/metrics`)).text()
}

function check(what: string, holds: boolean): void {
  if (!holds) failures++
  say(`${holds ? 'ok' : 'FAILED'}: ${what}`)
}
