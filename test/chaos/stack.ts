import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type pg from 'pg'
import { freePort } from '../../src/dev/child.ts'
import {
  onServer,
  type Scope,
  startPostgres,
  startRedis,
  type TestPostgres,
  type TestRedis,
  temporaryDirectory,
} from '../helper/backends.ts'
import { addressOfGateway } from '../helper/cluster/network.ts'
import { prefixOfUser } from '../helper/cluster/users.ts'
import { nodeEnvironment } from '../helper/node-process.ts'
import type { TcpLine } from '../helper/tcp-line.ts'
import { startTcpProxy, type TcpProxy } from '../helper/tcp-proxy.ts'
import { type ClusterStack, startClusterStack } from './cluster-stack.ts'
import { GatewayProcess } from './gateway.ts'
import { withMarks } from './marks.ts'

/** Tokens by client name: the history table then says which client wrote what. */
export type Tokens = Readonly<Record<string, string>>

export interface ChaosGateway {
  readonly index: number
  readonly process: GatewayProcess
  /** What it reaches Redis and PostgreSQL through. */
  readonly redisProxy: TcpLine
  readonly postgresProxy: TcpProxy
}

/** Real servers and gateways, with a proxy on every way between them. */
export interface Stack {
  readonly scope: Scope
  readonly gateways: readonly ChaosGateway[]
  readonly postgres: TestPostgres
  readonly tokens: Tokens
  /** The cluster that the gateways use in place of one Redis. */
  readonly cluster: ClusterStack | undefined
  /** The Redis that counts as the primary; a failover, or `aim`, puts another in its place. */
  redis: TestRedis
  /** Statements of the harness, straight to the server. */
  sql<T>(work: (client: pg.Client) => Promise<T>): Promise<T>
  /** With a cluster: makes the node that owns the user's keys the primary that counts. */
  aim(user: string): Promise<void>
  /** What stands before the names of a user's keys. */
  prefixOf(user: string): string
  /** Commands of the harness, straight to the primary. */
  command<T>(work: (client: Redis) => Promise<T>): Promise<T>
}

export interface StackOptions {
  readonly gateways: number
  readonly clients: readonly string[]
  /** More of the gateways' configuration; of one gateway when it is a function of its index. */
  readonly env?: NodeJS.ProcessEnv | ((index: number) => NodeJS.ProcessEnv)
  /** A cluster of three primaries with a replica each, in place of one Redis. */
  readonly cluster?: boolean
  /** More arguments of redis-server. */
  readonly redisArgs?: readonly string[]
  /** The account of Redis that the gateways use. */
  readonly redisUser?: string
  /** Open files that a gateway may have. */
  readonly openFiles?: number
  /** What is done to the servers before the first gateway starts. */
  readonly prepare?: (servers: { postgres: TestPostgres; redis: TestRedis }) => Promise<void>
  readonly logDirectory?: string
}

export const CHAOS_SECRET = 'chaos-secret-chaos-secret-chaos-secret-0123'
const DEFAULTS_FILE = join(import.meta.dirname, '../../default-settings.json')

/** Starts everything; all of it ends with `scope`. */
export async function startStack(scope: Scope, options: StackOptions): Promise<Stack> {
  const directory = temporaryDirectory(scope)
  const [postgres, cluster] = await Promise.all([
    startPostgres(scope),
    options.cluster === true ? startClusterStack(scope) : undefined,
  ])
  const redis: TestRedis = cluster?.nodes[0] ?? (await startRedis(scope, options.redisArgs))
  await options.prepare?.({ postgres, redis })
  const tokens = Object.fromEntries(
    options.clients.map(name => [name, `chaos-token-of-${name}-`.padEnd(40, 'x')]),
  )
  const defaultsFile = join(directory, 'defaults.json')
  writeFileSync(defaultsFile, JSON.stringify(withMarks(JSON.parse(readFileSync(DEFAULTS_FILE, 'utf8')))))
  const env = {
    ...nodeEnvironment(),
    LOG_LEVEL: 'info',
    JWT_SECRET: CHAOS_SECRET,
    SERVICE_TOKENS: Object.entries(tokens)
      .map(pair => pair.join('='))
      .join(','),
    DEFAULT_SETTINGS_FILE: defaultsFile,
    // The clients keep the machine busy: a start of a process or a new connection may take a second then. These
    // times are no part of the cache protocol; its own keep their defaults.
    MAX_EVENT_LOOP_DELAY_MS: '0',
    DATABASE_CONNECT_TIMEOUT_MS: '4000',
    STATEMENT_TIMEOUT_MS: '5000',
    SHUTDOWN_TIMEOUT_MS: '15000',
    RATE_LIMIT_MAX: '0',
    RATE_LIMIT_WRITE_MAX: '0',
  }
  const more = (index: number) => (typeof options.env === 'function' ? options.env(index) : options.env)
  const wayToRedis = async (index: number): Promise<{ env: NodeJS.ProcessEnv; line: TcpLine }> => {
    if (cluster !== undefined)
      return { env: { REDIS_CLUSTER_NODES: cluster.seeds }, line: cluster.lineOf(index) }
    const line = await startTcpProxy(scope, redis.port)
    const user = options.redisUser === undefined ? '' : `${options.redisUser}:none@`
    return { env: { REDIS_URL: `redis://${user}127.0.0.1:${line.port}` }, line }
  }
  const gateways: ChaosGateway[] = []
  for (let index = 0; index < options.gateways; index++) {
    const redis = await wayToRedis(index)
    const postgresProxy = await startTcpProxy(scope, postgres.port)
    const databaseUrl = new URL(postgres.url)
    databaseUrl.port = String(postgresProxy.port)
    const process = new GatewayProcess({
      env: {
        ...env,
        PORT: String(await freePort()),
        DATABASE_URL: databaseUrl.href,
        ...redis.env,
        ...more(index),
      },
      logFile: join(options.logDirectory ?? directory, `gateway-${index}.log`),
      ...(options.openFiles === undefined ? {} : { openFiles: options.openFiles }),
      ...(cluster === undefined ? {} : { localAddress: addressOfGateway(index) }),
    })
    scope.teardown(() => process.kill())
    gateways.push({ index, process, redisProxy: redis.line, postgresProxy })
  }
  await Promise.all(gateways.map(each => each.process.start()))
  const stack: Stack = {
    scope,
    gateways,
    postgres,
    tokens,
    redis,
    cluster,
    aim: async user => {
      if (cluster !== undefined) stack.redis = await cluster.primaryOf(user)
    },
    prefixOf: user => (cluster === undefined ? '' : prefixOfUser(user)),
    sql: work => onServer(postgres.url, work),
    command: work => onRedis(stack.redis.url, work),
  }
  return stack
}

/** Commands over a connection that is closed afterwards. */
export async function onRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}
