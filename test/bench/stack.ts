import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { startPrivatePostgres } from '../../src/dev/private-postgres.ts'
import { startPrivateRedis } from '../../src/dev/private-redis.ts'
import { findRedis } from '../../src/dev/redis-binary.ts'
import { forkServer, type ServerProcess } from './server-process.ts'

export const CACHE_DIR = join(import.meta.dirname, '../../.data')

const JWT_SECRET = 'bench-secret-bench-secret-bench-secret-01'
const SERVICE_TOKEN = 'bench-service-token-0123456789abcdefghij'

/** As the bot calls: a service that names the user. */
export function asBot(userId: string): Record<string, string> {
  return { Authorization: `Bearer ${SERVICE_TOKEN}`, 'X-User-Id': userId }
}

/** As a user calls. */
export function asUser(userId: string): Record<string, string> {
  const sign = createSigner({ key: JWT_SECRET, expiresIn: 60 * 60 * 1_000 })
  return { Authorization: `Bearer ${sign({ sub: userId })}` }
}

/** Private PostgreSQL and Redis in a temporary directory, and what is started on them. */
export interface Stack {
  readonly directory: string
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly redisPort: number
  /** To be frozen or killed. */
  readonly redis: { readonly pid: number }
  /** `checkout`: the directory of another version of this repository, with its dependencies installed. */
  gateway(env?: NodeJS.ProcessEnv, checkout?: string): Promise<ServerProcess>
  /** `file` is in servers/, or absolute. */
  server(file: string, env: NodeJS.ProcessEnv): Promise<ServerProcess>
  /** Ends a server of another kind together with the others. */
  own<T extends ServerProcess | undefined>(starting: Promise<T>): Promise<T>
  /** Ends everything and removes the directory. */
  stop(): Promise<void>
}

export interface StackOptions {
  /** Redis is started with this bound instead of 512mb. */
  readonly redisMemory?: string
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const binary = findRedis(CACHE_DIR)
  if (binary === undefined) throw new Error('the bench needs redis-server on the PATH, or apt-get')
  const directory = mkdtempSync(join(tmpdir(), 'settings-gateway-bench-'))
  const memory = options.redisMemory === undefined ? [] : ['--maxmemory', options.redisMemory]
  const [postgres, redis] = await Promise.all([
    startPrivatePostgres({ dataDir: join(directory, 'postgres'), settings: ['max_connections=300'] }),
    startPrivateRedis({ binary, dataDir: join(directory, 'redis'), args: memory }),
  ])
  const servers: ServerProcess[] = []
  const backends = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
  const server = async (file: string, env: NodeJS.ProcessEnv) => {
    const started = await forkServer(file, { ...backends, ...env })
    servers.push(started)
    return started
  }
  const settings = {
    PORT: '0',
    LOG_LEVEL: 'fatal',
    JWT_SECRET,
    SERVICE_TOKENS: `bot=${SERVICE_TOKEN}`,
    RATE_LIMIT_MAX: '100000000',
    RATE_LIMIT_WRITE_MAX: '100000000',
  }
  return {
    directory,
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    redisPort: redis.port,
    redis,
    server,
    own: async starting => {
      const started = await starting
      if (started !== undefined) servers.push(started)
      return started
    },
    gateway: (env, checkout) => {
      const file = checkout === undefined ? 'gateway.ts' : join(checkout, 'test/bench/servers/gateway.ts')
      return server(file, { ...settings, ...env })
    },
    stop: async () => {
      await Promise.all(servers.map(each => each.stop()))
      await Promise.all([postgres.stop(), redis.kill()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
