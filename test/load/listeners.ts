import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { SERVICE } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'
import { cpuSeconds, heapMb, maxOpenFiles, residentMb } from './memory.ts'
import { compareCommits } from './notify-cost.ts'
import { withScope } from './scope.ts'

/**
 * `npm run listeners -- --count 5000`: idle event streams of as many users on one fresh instance, its memory, how late
 * they hear of a change; and what NOTIFY would cost the writers, for the choice that change-feed.ts explains.
 */

const { values } = commandLine({
  command: 'npm run listeners --',
  summary: 'Idle event streams on one instance: its memory, and how late they hear of a change.',
  options: { count: { type: 'string', value: 'N', default: '5000', minimum: 1, help: 'Event streams.' } },
})
const count = Number(values.count)
/** Opened at once. */
const GROUP = 100
const CHANGES = 50
/** Besides the listeners: stores, modules, the script's other requests. */
const OTHER_FILES = 200

if (count + OTHER_FILES > maxOpenFiles()) {
  throw new Error(
    `${count} listeners need ${count + OTHER_FILES} open files; the limit is ${maxOpenFiles()} (ulimit -Hn)`,
  )
}

await withScope(async scope => {
  const [databaseUrl, redis] = await Promise.all([createDatabase(scope), startRedis(scope)])
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url }
  // Another instance creates the users: what is measured are the listeners.
  const creator = await startInstance(scope, env)
  for (let first = 0; first < count; first += GROUP)
    await Promise.all(usersFrom(first).map(user => touch(creator.url, user)))
  await creator.stop()
  const { url, pid } = await startInstance(scope, env)
  const requests: ClientRequest[] = []
  scope.teardown(() => {
    for (const request of requests) request.destroy()
  })
  let heard = (_user: string) => {}
  const open = async (user: string) => {
    const headers = { ...SERVICE, 'x-user-id': user }
    const request = get(`${url}/api/user/settings/events`, { agent: false, headers })
    requests.push(request)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
    response.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('event: change')) heard(user)
    })
    response.on('error', () => {})
  }
  const before = { rss: residentMb(pid), heap: await heapMb(url) }
  const startedAt = performance.now()
  for (let first = 0; first < count; first += GROUP) await Promise.all(usersFrom(first).map(open))
  const opened = performance.now() - startedAt
  await sleep(2_000)
  const after = { rss: residentMb(pid), heap: await heapMb(url) }
  say(`${count} listeners opened in ${(opened / 1_000).toFixed(1)} s`)
  say(
    `rss ${before.rss.toFixed(0)} -> ${after.rss.toFixed(0)} MB, heap ${before.heap.toFixed(0)} -> ${after.heap.toFixed(0)} MB`,
  )
  say(`per listener: ${(((after.rss - before.rss) * 1_024) / count).toFixed(1)} KB of rss`)
  const [cpuBefore, idleSeconds] = [cpuSeconds(pid), 5]
  await sleep(idleSeconds * 1_000)
  say(
    `idle, the process takes ${(((cpuSeconds(pid) - cpuBefore) / idleSeconds) * 100).toFixed(1)} % of one core`,
  )
  const delays: number[] = []
  for (let change = 0; change < CHANGES; change++) {
    const user = `u${(change * 97) % count}`
    const { promise, resolve } = Promise.withResolvers<void>()
    heard = who => who === user && resolve()
    await write(url, user, 50 + (change % 20))
    const answeredAt = performance.now()
    await promise
    delays.push(performance.now() - answeredAt)
  }
  delays.sort((a, b) => a - b)
  say(
    `heard after the answer to the write: median ${delays[CHANGES / 2]!.toFixed(0)} ms, most ${delays.at(-1)!.toFixed(0)} ms`,
  )
  for (const line of await compareCommits(scope)) say(line)
})

function usersFrom(first: number): string[] {
  return Array.from({ length: Math.min(GROUP, count - first) }, (_, i) => `u${first + i}`)
}

async function touch(url: string, user: string): Promise<void> {
  await (await fetch(`${url}/api/user/settings`, { headers: { ...SERVICE, 'x-user-id': user } })).text()
}

/** `min` must not be the default, 40: nothing would change, and nobody would hear of it. */
async function write(url: string, user: string, min: number): Promise<void> {
  const reply = await fetch(`${url}/api/futures/ginie/modes/scalp`, {
    method: 'PUT',
    headers: { ...SERVICE, 'x-user-id': user, 'content-type': 'application/json' },
    body: JSON.stringify({ confidence: { min_confidence: min } }),
  })
  if (!reply.ok) throw new Error(`a write was answered with ${reply.status}`)
  await reply.text()
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
