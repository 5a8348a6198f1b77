import { connect } from 'node:net'
import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, type Scope, startRedis } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startGateway, startStack } from '../helper/gateway.ts'
import { startTcpProxy } from '../helper/tcp-proxy.ts'
import { ADMIN } from '../helper/tokens.ts'

/** Servers that are a Redis of another kind. */

const SCALP = '/api/futures/ginie/modes/scalp'
const BUNDLE = '/api/futures/ginie/decision-settings'
const HIT = 'settings-gateway; hit'

/** A command as MONITOR shows it. */
interface Seen {
  readonly inScript: boolean
  readonly words: readonly string[]
}

/**
 * Dragonfly and Redis Cluster refuse a script that touches a key it has not declared, Redis Enterprise one that asks
 * INFO. Here a real Redis tells by MONITOR what every script of a working gateway does, and each of its commands is held
 * to both rules.
 */
t.test('scripts touch declared keys only, and never ask INFO', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const seen = await watch(t, redis.port)
  const hit = () =>
    eventually('a hit', async () => (await gateway.as('42', { url: SCALP })).headers['cache-status'] === HIT)

  await hit()
  await gateway.as('42', { url: BUNDLE })
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
  await gateway.as('42', { method: 'POST', url: '/api/user/settings/load-defaults' })
  for (let i = 0; i < 40; i++) await gateway.as('42', { method: 'POST', url: '/api/user/sequence' })
  await gateway.as('42', { url: '/api/user/sequence' })
  await onRedis(redis.url, client => client.del('user:42:mode:scalp', 'gateway:stamp:42'))
  await hit()
  await gateway.app.inject({ method: 'DELETE', url: '/api/users/42', headers: ADMIN })
  await onRedis(redis.url, client => client.del('gateway:view', 'gateway:marker'))
  await hit()
  await onRedis(redis.url, client => client.del('gateway:view'))
  await hit()

  let declared: ReadonlySet<string> = new Set()
  const names = new Set<string>()
  for (const { inScript, words } of seen()) {
    const [name = '', , count, ...rest] = words
    const command = name.toLowerCase()
    if (!inScript && (command === 'evalsha' || command === 'eval'))
      declared = new Set(rest.slice(0, Number(count)))
    if (!inScript) continue
    names.add(command)
    t.not(command, 'info')
    for (const key of keysOf(command, words)) t.ok(declared.has(key), `${command} ${key} was declared`)
  }
  for (const expected of ['get', 'set', 'getrange', 'unlink'])
    t.ok(names.has(expected), `${expected} was seen`)
})

/** Every command from now on, in the order in which Redis ran them. By hand: ioredis' MONITOR fails on a busy server. */
async function watch(t: Scope, port: number): Promise<() => readonly Seen[]> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write('MONITOR\r\n')
  await eventually('Redis tells its commands', () => text.startsWith('+OK\r\n'))
  return () =>
    text
      .split('\r\n')
      .slice(1, -1)
      .map(line => ({
        inScript: /^\+[\d.]+ \[\d+ lua\]/.test(line),
        words: [...line.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, word]) => word!),
      }))
}

/** The keys of a command that scripts use. */
function keysOf(command: string, [, ...args]: readonly string[]): readonly string[] {
  if (command === 'time') return []
  return ['del', 'unlink', 'exists', 'mget'].includes(command) ? args : args.slice(0, 1)
}

t.test(
  'a server without the section `replication` is refused by name; everything comes from PostgreSQL',
  async t => {
    const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
    const proxy = await startTcpProxy(t, redis.port)
    // To a section that does not exist Redis answers nothing, as a server does that has no such section.
    proxy.rewrite(request =>
      Buffer.from(request.toString('latin1').replaceAll('replication\r\n', 'reprication\r\n'), 'latin1'),
    )
    const lines: string[] = []
    const gateway = await startGateway(
      t,
      { DATABASE_URL: url, REDIS_URL: `redis://127.0.0.1:${proxy.port}`, LOG_LEVEL: 'info' },
      { logStream: { write: line => lines.push(line) } },
    )
    const missing = /INFO replication has no (master_replid|role)/
    await eventually('it is named in /health', async () =>
      (await gateway.services.status.health()).warnings.some(warning => missing.test(warning)),
    )
    t.ok(
      lines.some(line => missing.test(line)),
      'and in the log',
    )
    const first = await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 9 } } })
    t.equal(first.statusCode, 200)
    const read = await gateway.as('42', { url: SCALP })
    t.match(read.json(), { data: { size: { leverage: 9 } } })
    t.match(read.headers['cache-status'], 'detail=degraded')
  },
)
