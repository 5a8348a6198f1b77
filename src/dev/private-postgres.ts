import { randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { StartError } from '../start-failure.ts'
import { end, freePort, NOBODY, spawnChild, untilReady, waitForEnd } from './child.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { signalUsersOf, untilUnused } from './users-of-directory.ts'

/** A server that cannot start ends at once, and that is noticed; a busy machine may take this long. */
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 10_000
/** A server whose starter was killed shuts down by itself; a new one waits for it. */
const TAKE_OVER_TIMEOUT_MS = 15_000
const isRoot = process.getuid?.() === 0

export interface PrivatePostgres {
  /** Address of the database `postgres`, with the password. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Fast shutdown; resolves when it has ended. */
  stop(): Promise<void>
  /** kill -9 of the server; resolves when its backends have ended too. */
  kill(): Promise<void>
}

export interface PostgresOptions {
  /** Made when it does not exist. Data survives. Beside it: `<dataDir>.log` and `<dataDir>.password`. */
  readonly dataDir: string
  readonly port?: number
  /** More settings, such as `max_connections=300`. */
  readonly settings?: readonly string[]
  /** False for tests: data need not survive a power cut, nor the server get time to shut down. A kill it survives. */
  readonly durable?: boolean
}

/** Starts a PostgreSQL of our own, from the binaries of an npm package, on 127.0.0.1. It ends with this process. */
export async function startPrivatePostgres(options: PostgresOptions): Promise<PrivatePostgres> {
  const { durable = true } = options
  const bin = postgresBinaries()
  const dataDir = resolve(options.dataDir)
  if (existsSync(dataDir)) await takeOver(dataDir)
  else await initialise(bin, dataDir)
  const port = options.port ?? (await freePort())
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
    ...(options.settings ?? []),
  ]
  const log = openSync(`${dataDir}.log`, 'a')
  const child = spawnChild(
    join(bin, 'postgres'),
    ['-D', dataDir, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])],
    // A session of its own: Ctrl-C is for the gateway, which needs its database while it drains.
    {
      asNobody: isRoot,
      deathSignal: durable ? 'INT' : 'KILL',
      stdio: ['ignore', log, log],
      cwd: dataDir,
      detached: true,
    },
  )
  closeSync(log)
  const url = `postgres://postgres:${passwordOf(dataDir)}@127.0.0.1:${port}/postgres`
  try {
    await untilReady(child, () => ping(url), START_TIMEOUT_MS)
  } catch (error) {
    child.kill('SIGKILL')
    throw new StartError(`PostgreSQL did not start, see ${dataDir}.log`, { cause: error })
  }
  // It must not keep a test alive that has nothing left to do.
  child.unref()
  return {
    url,
    port,
    pid: child.pid!,
    // SIGINT is PostgreSQL's fast shutdown: clients are disconnected, data is written.
    stop: () => end(child, 'SIGINT', STOP_TIMEOUT_MS),
    kill: async () => {
      child.kill('SIGKILL')
      await waitForEnd(child)
      signalUsersOf(dataDir, 'SIGKILL')
      await untilUnused(dataDir, STOP_TIMEOUT_MS)
    },
  }
}

/** One try to connect. */
async function ping(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  await client.connect()
  await client.end()
}

/** Every user of this machine can reach the port, and a superuser can read files: a password is required. */
async function initialise(bin: string, dataDir: string): Promise<void> {
  // Renamed when it is complete: an interrupted one is not taken for a database.
  const work = `${dataDir}.new`
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true, mode: 0o700 })
  const passwordFile = `${dataDir}.password`
  rmSync(passwordFile, { force: true })
  writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
  if (isRoot) for (const path of [work, passwordFile]) chownSync(path, NOBODY, NOBODY)
  const child = spawnChild(
    join(bin, 'initdb'),
    [
      ...['-D', work, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--no-sync'],
    ],
    { asNobody: isRoot, deathSignal: 'KILL', stdio: ['ignore', 'ignore', 'pipe'], cwd: work },
  )
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    complaint += text
  })
  await waitForEnd(child)
  if (child.exitCode !== 0) throw new StartError(`initdb failed in ${work}: ${complaint.trim()}`)
  renameSync(work, dataDir)
}

/** Waits for a server that is ending there, and removes the pid file of one that died. */
async function takeOver(dataDir: string): Promise<void> {
  await untilUnused(dataDir, TAKE_OVER_TIMEOUT_MS)
  // Its pid may be another process by now, and PostgreSQL would refuse. With all backends gone this is safe.
  rmSync(join(dataDir, 'postmaster.pid'), { force: true })
}

function passwordOf(dataDir: string): string {
  return readFileSync(`${dataDir}.password`, 'utf8')
}
