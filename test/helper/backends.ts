import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type PrivatePostgres, startPrivatePostgres } from '../../src/dev/private-postgres.ts'
import { type PrivateRedis, startPrivateRedis } from '../../src/dev/private-redis.ts'
import { findRedis, type RedisBinary } from '../../src/dev/redis-binary.ts'
import { signalUsersOf } from '../../src/dev/users-of-directory.ts'
import { migrate } from '../../src/store/migrate.ts'

/** What a test needs of tap. */
export interface Scope {
  teardown(work: () => unknown): void
}

const REDIS_CACHE = join(import.meta.dirname, '../../.data')
/** Connections of all test files together. */
const MAX_CONNECTIONS = 400
const TEMPLATE = 'gateway_template'

/** A directory that is removed after the test. */
export function temporaryDirectory(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), 'settings-gateway-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface TestPostgres {
  readonly url: string
  readonly port: number
  readonly dataDir: string
  readonly pid: number
  /** kill -9. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** Starts again on the same port and data. */
  restart(): Promise<void>
  /** SIGSTOP of the server and all of its backends. */
  freeze(): void
  thaw(): void
}

/** A PostgreSQL server of the test's own, for tests that hurt it. */
export async function startPostgres(t: Scope): Promise<TestPostgres> {
  const dataDir = join(temporaryDirectory(t), 'data')
  const settings = [`max_connections=${MAX_CONNECTIONS}`]
  let server = await startPrivatePostgres({ dataDir, settings })
  t.teardown(() => server.kill())
  return {
    url: server.url,
    port: server.port,
    dataDir,
    get pid() {
      return server.pid
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    restart: async () => {
      server = await startPrivatePostgres({ dataDir, port: server.port, settings })
    },
    freeze: () => signalUsersOf(dataDir, 'SIGSTOP'),
    thaw: () => signalUsersOf(dataDir, 'SIGCONT'),
  }
}

/** The server that all test files share; of this file's own when it runs alone. */
let shared: Promise<string> | undefined

function sharedServer(t: Scope): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL
  if (given !== undefined) return Promise.resolve(given)
  shared ??= startSharedPostgres().then(({ url, stop }) => {
    outermost(t).teardown(stop)
    return url
  })
  return shared
}

/** The test of the whole file: its other subtests need what the first one has started. */
function outermost(t: Scope & { readonly parent?: Scope }): Scope {
  return t.parent === undefined ? t : outermost(t.parent)
}

/** A server with the migrated template database in it. */
export async function startSharedPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'settings-gateway-'))
  const server: PrivatePostgres = await startPrivatePostgres({
    dataDir: join(directory, 'data'),
    durable: false,
    settings: [`max_connections=${MAX_CONNECTIONS}`],
  })
  await onServer(server.url, client => client.query(`CREATE DATABASE ${TEMPLATE}`))
  await migrate(databaseUrl(server.url, TEMPLATE))
  const stop = async () => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  }
  return { url: server.url, stop }
}

/** The URL of a new migrated database, dropped after the test. */
export function createDatabase(t: Scope): Promise<string> {
  return createFrom(t, TEMPLATE)
}

/** The same without anything in it, for what is not the gateway's. */
export function createEmptyDatabase(t: Scope): Promise<string> {
  return createFrom(t, 'template0')
}

async function createFrom(t: Scope, template: string): Promise<string> {
  const server = await sharedServer(t)
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(server, async client => {
    // Two files that clone at once would find the template in use.
    await client.query('SELECT pg_advisory_lock(1)')
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  })
  t.teardown(() => onServer(server, client => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  return databaseUrl(server, name)
}

export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

export interface TestRedis {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly dataDir: string
  /** kill -9. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** Starts again on the same port and data. */
  restart(): Promise<void>
  freeze(): void
  thaw(): void
}

export function redisBinary(): RedisBinary {
  const binary = findRedis(REDIS_CACHE)
  if (binary === undefined)
    throw new Error('the tests need redis-server or valkey-server on the PATH, or apt-get')
  return binary
}

/** A Redis of the test's own. */
export async function startRedis(t: Scope, args: readonly string[] = [], port?: number): Promise<TestRedis> {
  const binary = redisBinary()
  const dataDir = temporaryDirectory(t)
  let server: PrivateRedis = await startPrivateRedis({
    binary,
    dataDir,
    args,
    ...(port === undefined ? {} : { port }),
  })
  t.teardown(() => server.kill())
  return {
    url: server.url,
    port: server.port,
    dataDir,
    get pid() {
      return server.pid
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
    restart: async () => {
      server = await startPrivateRedis({ binary, dataDir, args, port: server.port })
    },
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
  }
}
