import { mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { freePort, spawnChild, untilReady, waitForEnd } from './child.ts'
import type { RedisBinary } from './redis-binary.ts'

/** A server that cannot start ends at once, and that is noticed; a busy machine may take this long. */
const START_TIMEOUT_MS = 120_000
/** A server that is stopped accepts connections and answers nothing. */
const COMMAND_TIMEOUT_MS = 20_000

export interface PrivateRedis {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** SIGTERM: Redis writes what it has; resolves when it has ended. */
  stop(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
}

export interface RedisOptions {
  readonly binary: RedisBinary
  /** Made when it does not exist. The append-only file survives. */
  readonly dataDir: string
  readonly port?: number
  /** More arguments, such as `--maxmemory 10mb`. */
  readonly args?: readonly string[]
}

/** Starts a Redis of our own on 127.0.0.1, set up like the one of docker-compose.yml. It ends with this process. */
export async function startPrivateRedis(options: RedisOptions): Promise<PrivateRedis> {
  const dataDir = resolve(options.dataDir)
  mkdirSync(dataDir, { recursive: true })
  const port = options.port ?? (await freePort())
  const child = spawnRedis(options.binary, dataDir, [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dataDir, '--daemonize', 'no', '--save', ''],
    ...[
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--maxmemory',
      '512mb',
      '--maxmemory-policy',
      'noeviction',
    ],
    ...(options.args ?? []),
  ])
  await untilReady(child, () => pingRedis(port), START_TIMEOUT_MS)
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await waitForEnd(child)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** Any process of the Redis binary; its output goes to redis.log in `dataDir`. */
export function spawnRedis(binary: RedisBinary, dataDir: string, args: readonly string[]) {
  const log = openSync(join(dataDir, 'redis.log'), 'a')
  const env = {
    ...process.env,
    ...(binary.libraries === undefined ? {} : { LD_LIBRARY_PATH: binary.libraries }),
  }
  return spawnChild(binary.path, args, {
    deathSignal: 'TERM',
    stdio: ['ignore', log, log],
    cwd: dataDir,
    env,
  })
}

/** One try to get PONG. */
function pingRedis(port: number): Promise<unknown> {
  return commandRedis(port, client => client.ping())
}

/** Commands to 127.0.0.1:`port` over a connection that is closed afterwards. Rejects when the server is away. */
export async function commandRedis<T>(port: number, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1_000,
    commandTimeout: COMMAND_TIMEOUT_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}
