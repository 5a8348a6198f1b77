import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type Environment, loadConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { startFailure } from '../../src/start-failure.ts'
import { createDatabase, onServer, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { JWT_SECRET } from '../helper/gateway.ts'
import { runNode, spawnNode, untilOutput } from '../helper/node-process.ts'

const SERVER = join(import.meta.dirname, '../../src/server.ts')
const START = join(import.meta.dirname, '../../src/dev/start.ts')
const PASSWORD = 'UnmistakablePassword'

let database: URL

t.before(async () => {
  database = new URL(await createDatabase(t))
})

/** The database with other parts of its URL. */
function changed(parts: Partial<Pick<URL, 'password' | 'pathname' | 'hostname' | 'username'>>): string {
  return Object.assign(new URL(database), parts).href
}

const environment = (env: Environment) => ({
  ...{ PORT: '0', LOG_LEVEL: 'warn', JWT_SECRET, DATABASE_URL: database.href },
  ...env,
})

/** What a start that fails says, without a stack and without a secret. */
async function failure(t: Test, env: Environment) {
  const all = environment({ ...env, LOG_LEVEL: 'silent' })
  const error = await startServer(all).then(
    server => server.close(),
    (reason: unknown) => reason,
  )
  const output = startFailure(error, loadConfig(all))
  t.notMatch(output, /^\s+at /m, 'no stack')
  t.notMatch(output, PASSWORD)
  return output
}

t.test('as a process: one paragraph, and exit code 1', async t => {
  const url = changed({ password: PASSWORD })
  const { code, output } = await runNode([SERVER], {
    cwd: temporaryDirectory(t),
    env: environment({ DATABASE_URL: url }),
  })
  t.equal(code, 1)
  t.match(output, /^settings-gateway does not start: PostgreSQL at .+ refuses the password/m)
  t.notMatch(output, /^\s+at /m, 'no stack')
  t.notMatch(output, PASSWORD)
})

t.test('PostgreSQL refuses', async t => {
  const name = `${database.hostname}:${database.port}`
  const said = (env: Environment) => failure(t, env)
  t.match(
    await said({ DATABASE_URL: changed({ password: PASSWORD }) }),
    `PostgreSQL at ${name}${database.pathname} refuses the password of the user postgres: check DATABASE_URL`,
  )
  t.match(
    await said({ DATABASE_URL: changed({ pathname: '/nowhere' }) }),
    `PostgreSQL at ${name}/nowhere has no such database`,
  )
  t.match(
    await said({ DATABASE_URL: changed({ hostname: 'no-such-host.invalid' }) }),
    /PostgreSQL at no-such-host\.invalid:\d+\S+ cannot be used: there is no host of that name \(ENOTFOUND\)/,
  )
  t.match(
    await said({ DATABASE_URL: `${database.href}?sslmode=require` }),
    /cannot be used: The server does not support SSL connections; check DATABASE_URL/,
  )
})

t.test('a role that may not create tables', async t => {
  const role = `role_${process.pid}`
  await onServer(database.href, async client => {
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`)
    await client.query(`CREATE DATABASE ${role}`)
  })
  t.teardown(() =>
    onServer(database.href, async client => {
      await client.query(`DROP DATABASE ${role} WITH (FORCE)`)
      await client.query(`DROP ROLE ${role}`)
    }),
  )
  const url = changed({ username: role, password: PASSWORD, pathname: `/${role}` })
  t.match(await failure(t, { DATABASE_URL: url }), `does not let the user ${role} create tables`)
})

t.test('the address is taken, or is none of this machine', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  t.match(
    await failure(t, { PORT: String(port) }),
    `cannot listen on 127.0.0.1:${port} (HOST, PORT): the port is taken by another process (EADDRINUSE)`,
  )
  t.match(await failure(t, { HOST: '192.0.2.1' }), 'this machine has no such address (EADDRNOTAVAIL)')
  t.match(await failure(t, { HOST: 'no-such-host.invalid' }), 'there is no host of that name (ENOTFOUND)')
})

t.test('a defaults file with faults, or that is not there', async t => {
  const file = join(temporaryDirectory(t), 'mine.json')
  writeFileSync(
    file,
    JSON.stringify({
      global_trading: { max_usd_allocation: 'much' },
      capital_allocation: { scalp_percent: 200 },
    }),
  )
  const output = await failure(t, { DEFAULT_SETTINGS_FILE: file })
  t.match(output, `the defaults file ${file} has`)
  t.match(output, /^- \S*max_usd_allocation must be number/m)
  t.match(output, /^- \S*scalp_percent must be <= 100/m)
  t.match(
    await failure(t, { DEFAULT_SETTINGS_FILE: '/nowhere.json' }),
    'the defaults file /nowhere.json cannot be read: it does not exist (ENOENT)',
  )
  writeFileSync(file, '{"a":')
  t.match(
    await failure(t, { DEFAULT_SETTINGS_FILE: file }),
    /the defaults file .*mine\.json has 1 fault:\n- is not JSON/,
  )
})

t.test('npm start: a data directory that cannot be written', async t => {
  const file = join(temporaryDirectory(t), 'file')
  writeFileSync(file, '')
  const { code, output } = await runNode([START], {
    cwd: temporaryDirectory(t),
    env: { SETTINGS_GATEWAY_DATA_DIR: join(file, 'data') },
  })
  t.equal(code, 1)
  t.match(
    output,
    `does not start: the data directory ${join(file, 'data')} cannot be written: a file is in the way`,
  )
  t.notMatch(output, /^\s+at /m)
})

t.test(
  'a start says in one line what runs and where, without a secret; a wrong password of Redis is named',
  async t => {
    const redis = await startRedis(t)
    const client = new Redis(redis.url)
    await client.config('SET', 'requirepass', 'another')
    client.disconnect()
    const server = spawnNode([SERVER], {
      cwd: temporaryDirectory(t),
      env: {
        PORT: '0',
        JWT_SECRET,
        DATABASE_URL: database.href,
        REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${redis.port}/0`,
      },
    })
    t.teardown(() => server.kill('SIGKILL'))
    let output = ''
    server.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    await untilOutput(server, 'settings-gateway 0.')
    const lines = output
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const started = lines.find(({ version }) => version !== undefined)
    t.match(started, {
      version: /^\d+\.\d+\.\d+/,
      database: `${database.hostname}:${database.port}${database.pathname}`,
      redis: `127.0.0.1:${redis.port}/0`,
      migrations: { applied: 0 },
      url: /^http:\/\/127\.0\.0\.1:\d+$/,
    })
    t.match(
      started.msg,
      /^settings-gateway \S+ listens on http:\S+; PostgreSQL \S+ \(migration \d+, none new\); Redis \S+$/,
    )
    const refusals = lines.filter(({ msg }) => /Redis .* refuses the password/.test(msg))
    t.ok(refusals.length > 0, output)
    t.notMatch(output, PASSWORD)
  },
)

t.test('production without Redis is a warning', async t => {
  const server = spawnNode([SERVER], {
    cwd: temporaryDirectory(t),
    env: {
      PORT: '0',
      NODE_ENV: 'production',
      JWT_SECRET: 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8',
      SERVICE_TOKENS: 'bot=Aw4Sx7Dc1Fv8Gb3Hn6Jm9Kl2Qp5Zo0Ti',
      DATABASE_URL: database.href,
    },
  })
  t.teardown(() => server.kill('SIGKILL'))
  await untilOutput(server, 'no Redis is configured: everything is answered from PostgreSQL')
})
