import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { DEVELOPMENT_SERVICE_TOKEN } from '../../src/config.ts'
import { freePort } from '../../src/dev/child.ts'
import { signalUsersOf, untilUnused, usersOf } from '../../src/dev/users-of-directory.ts'
import { redisBinary, type Scope, temporaryDirectory } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { nodeEnvironment } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'

/** `npm start` in a copy of the tree, as after a clone and `npm ci`. */

const run = promisify(execFile)
const SCALP = '/api/futures/ginie/modes/scalp'
const HEADERS = {
  authorization: `Bearer ${DEVELOPMENT_SERVICE_TOKEN}`,
  'x-user-id': '42',
  'content-type': 'application/json',
}
/** What a clone does not have. */
const NOT_CLONED = ['.git', '.data', '.env', '.tap', 'coverage', 'node_modules']
const STOP_MS = 30_000

interface Checkout {
  /** All processes of the gateway work in it or below: npm, Node, PostgreSQL, Redis. */
  readonly directory: string
  readonly sources: string
  readonly data: string
}

/** Copies the tree; a downloaded Redis need not be downloaded again. */
function checkOut(t: Scope): Checkout {
  const directory = temporaryDirectory(t)
  const [sources, data] = [join(directory, 'settings-gateway'), join(directory, 'data')]
  cpSync(ROOT, sources, { recursive: true, filter: path => !NOT_CLONED.includes(basename(path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
  mkdirSync(data)
  if (redisBinary().libraries !== undefined) symlinkSync(join(ROOT, '.data/redis'), join(data, 'redis'))
  t.teardown(async () => {
    signalUsersOf(directory, 'SIGKILL')
    await untilUnused(directory, STOP_MS)
  })
  return { directory, sources, data }
}

interface Started {
  readonly url: string
  /** The command it prints. */
  readonly curl: string
  /** Everything it has printed until then. */
  readonly greeting: string
  /** Sends the signal to npm alone; resolves when none of its processes is left. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

async function npmStart({ directory, sources, data }: Checkout): Promise<Started> {
  const port = await freePort()
  const npm = spawn('env', ['-u', 'NODE_OPTIONS', 'npm', 'start'], {
    cwd: sources,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...nodeEnvironment(),
      HOME: directory,
      PORT: String(port),
      SETTINGS_GATEWAY_DATA_DIR: data,
      npm_config_update_notifier: 'false',
    },
  })
  let output = ''
  const curl = await new Promise<string>((resolve, reject) => {
    const add = (text: string) => {
      output += text
      const [line] = /^curl .*(?=\n)/m.exec(output) ?? []
      if (line !== undefined) resolve(line)
    }
    for (const stream of [npm.stdout, npm.stderr]) stream.setEncoding('utf8').on('data', add)
    npm.once('error', reject)
    npm.once('exit', code => reject(new Error(`npm start ended with ${code}: ${output}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    curl,
    greeting: output,
    end: async signal => {
      npm.kill(signal)
      await untilUnused(directory, STOP_MS)
    },
  }
}

t.test('npm start: what it prints works, data survives, and a killed npm leaves nothing behind', async t => {
  const checkout = checkOut(t)
  const first = await npmStart(checkout)
  await eventually('both stores are up', async () => {
    const health = await fetch(`${first.url}/health`)
    const { services } = (await health.json()) as {
      services: Record<'database' | 'redis', { status: string }>
    }
    const { database, redis } = services
    return health.status === 200 && database.status === 'up' && redis.status === 'up'
  })
  t.ok(first.curl.endsWith(`${first.url}/api/futures/ginie/decision-settings`), first.curl)
  const { stdout } = await run('bash', ['-c', first.curl])
  t.match(stdout, /^HTTP\/1\.1 200 OK\r\n/)
  t.match(JSON.parse(stdout.slice(stdout.indexOf('\r\n\r\n'))), {
    user_id: '42',
    modes: { scalp: { version: 1 } },
  })
  t.match(
    first.greeting,
    /^settings-gateway \d\S* listens on http:\S+; PostgreSQL 127\.0\.0\.1:\S+ \(migration \d+, \d+ new\); Redis 127\.\S+$/m,
  )
  t.match(first.greeting, `Operator page: ${first.url}/ops/`)
  const [, command] = /(npm run token .*)$/m.exec(first.greeting) ?? []
  const made = await run('bash', ['-c', command!.replace('npm run', 'npm run --silent')], {
    cwd: checkout.sources,
  })
  const status = await fetch(`${first.url}/api/admin/status`, {
    headers: { authorization: `Bearer ${made.stdout.trim()}` },
  })
  t.equal(status.status, 200, 'the token of the command that it prints opens /ops')
  const body = '{"confidence":{"min_confidence":41}}'
  const put = await fetch(first.url + SCALP, { method: 'PUT', headers: HEADERS, body })
  t.equal(put.status, 200)
  const written = await put.text()
  if (existsSync('/proc')) {
    const working = usersOf(checkout.directory).length
    t.ok(working >= 4, `npm, Node, PostgreSQL and Redis are seen at work: ${working}`)
  }
  await first.end('SIGKILL')
  await t.rejects(fetch(first.url), 'nobody listens')

  const second = await npmStart(checkout)
  const get = await fetch(second.url + SCALP, { headers: HEADERS })
  t.equal(get.status, 200)
  t.equal(await get.text(), written, 'what was written before is there')
  await second.end('SIGTERM')
  await t.rejects(fetch(second.url), 'nobody listens')
})
