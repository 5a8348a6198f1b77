import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort, spawnChild, untilReady } from '../../src/dev/child.ts'
import { connectionLimit } from '../../src/http/file-limit.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually, JWT_SECRET, startGateway } from '../helper/gateway.ts'
import { nodeEnvironment } from '../helper/node-process.ts'

/** More connections than the process may open files, and a log that cannot be written. */

const SERVER = join(import.meta.dirname, '../../src/server.ts')

t.test('what is left of the limit of open files', async t => {
  t.equal(connectionLimit(0, 13, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  t.equal(connectionLimit(500, 13, Number.POSITIVE_INFINITY), 500)
  t.ok(connectionLimit(0, 13, 1_024) < 1_024 - 100)
  t.equal(connectionLimit(5_000, 13, 1_024), connectionLimit(0, 13, 1_024))
  t.equal(connectionLimit(0, 13, 64), 16)
})

async function open(t: Test, port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map(socket => Promise.race([once(socket, 'connect'), once(socket, 'close')])))
  return sockets
}

t.test('silent connections make room for callers, who are dropped when there are only callers', async t => {
  const lines: string[] = []
  const gateway = await startGateway(
    t,
    { DATABASE_URL: await createDatabase(t), CONNECTIONS_MAX: '20', LOG_LEVEL: 'warn' },
    { logStream: { write: line => lines.push(line) } },
  )
  const port = Number(new URL(gateway.url).port)
  const silent = await open(t, port, 60)
  await eventually('the rest is closed', () => silent.filter(({ destroyed }) => !destroyed).length <= 20)
  const callers = await open(t, port, 20)
  await Promise.all(
    callers.map(socket => {
      socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
      return once(socket, 'data').then(([data]) => t.match(String(data), /^HTTP\/1.1 200 /))
    }),
  )
  await eventually('no silent one is left', () => silent.every(({ destroyed }) => destroyed))
  const [late] = await open(t, port, 1)
  await eventually('the newest goes', () => late!.destroyed)
  t.ok(callers.every(({ destroyed }) => !destroyed))
  const { body } = await gateway.app.inject({ url: '/metrics' })
  t.match(body, /^http_connections 20$/m)
  t.match(body, /^http_connections_dropped_total 6\d$/m)
  t.equal(lines.filter(line => line.includes('CONNECTIONS_MAX')).length, 1, 'one line')
})

/** A gateway as a process with a limit of open files; its log goes where `stdout` says. */
async function startLimited(
  t: Test,
  files: number,
  stdout: number,
): Promise<{ url: string; alive(): boolean }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawnChild(
    'env',
    ['-u', 'NODE_OPTIONS', 'sh', '-c', `ulimit -n ${files}; exec "$0" "$1"`, process.execPath, SERVER],
    {
      deathSignal: 'KILL',
      stdio: ['ignore', stdout, 'inherit'],
      env: {
        ...nodeEnvironment(),
        PORT: String(port),
        DATABASE_URL: await createDatabase(t),
        JWT_SECRET,
        LOG_LEVEL: 'trace',
      },
    },
  )
  t.teardown(() => child.kill('SIGKILL'))
  await untilReady(child, async () => void (await fetch(`${url}/health/live`)), 30_000)
  return { url, alive: () => child.exitCode === null && child.signalCode === null }
}

t.test('ulimit -n 256 and 400 silent connections: it lives, answers, and says so once', async t => {
  const directory = mkdtempSync('/tmp/settings-gateway-')
  t.teardown(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'log')
  const log = openSync(path, 'w')
  const { url, alive } = await startLimited(t, 256, log)
  closeSync(log)
  const sockets = await open(t, Number(new URL(url).port), 400)
  await eventually('what is too much is closed', () => sockets.filter(each => each.destroyed).length > 200)
  // Longer than it takes to read the memory, and to notice that no file can be opened.
  for (let i = 0; i < 15; i++) {
    const reply = await fetch(`${url}/metrics`, { headers: { connection: 'close' } })
    t.equal(reply.status, 200)
    await reply.text()
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.ok(alive())
  t.equal(readFileSync(path, 'utf8').match(/CONNECTIONS_MAX/g)?.length, 1)
})

t.test('no space for the log', async t => {
  const full = openSync('/dev/full', 'w')
  const { url, alive } = await startLimited(t, 1_024, full)
  closeSync(full)
  for (let i = 0; i < 50; i++) t.equal((await fetch(`${url}/api/user/settings`)).status, 401)
  t.equal((await fetch(`${url}/health`)).status, 200)
  t.ok(alive())
})
