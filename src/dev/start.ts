import { once } from 'node:events'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine } from '../commands/command-line.ts'
import { isSet, withSecrets } from '../config/development-secrets.ts'
import {
  type Config,
  DEVELOPMENT_SERVICE_TOKEN,
  type Environment,
  loadConfig,
  readEnvironment,
} from '../config.ts'
import { codeOf, systemErrorWords } from '../plain-words.ts'
import { type RunningServer, startServer } from '../server.ts'
import { StartError, startFailure } from '../start-failure.ts'
import { startLine } from '../start-log.ts'
import { watchParent } from './ancestors.ts'
import { startCluster } from './private-cluster.ts'
import { startPrivatePostgres } from './private-postgres.ts'
import { startPrivateRedis } from './private-redis.ts'
import { findRedis } from './redis-binary.ts'

/** `npm start`: the gateway, with private backends under .data/ in place of those that are not configured. */

const { values } = commandLine({
  command: 'npm start --',
  summary: [
    'Starts the gateway, with a private PostgreSQL and Redis under .data/ where DATABASE_URL and REDIS_URL are not set.',
    'It is configured by the environment and .env, see docs/configuration.md; SETTINGS_GATEWAY_DATA_DIR replaces .data/.',
  ].join('\n'),
  options: {
    cluster: {
      type: 'boolean',
      default: false,
      help: 'A private Redis Cluster of three primaries and three replicas in place of the Redis, for trying; it begins empty.',
    },
  },
})

/** Each names a Redis. */
const REDIS_VARIABLES = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'] as const
const CLUSTER_NODE_TIMEOUT_MS = 2_000
const NO_REDIS =
  'No Redis: none on the PATH, and apt-get (Debian and Ubuntu) did not bring one. Everything is answered from PostgreSQL (degraded); install redis-server or set REDIS_URL.'

const DATA_DIR = process.env.SETTINGS_GATEWAY_DATA_DIR ?? join(process.cwd(), '.data')

/** Set as soon as it is known; a failed start is explained with it. */
let config: Config | undefined

interface Backend {
  stop(): Promise<void>
}

async function main(): Promise<void> {
  say('Starting the settings gateway ...')
  const stopped = untilStopped()
  const backends: Backend[] = []
  try {
    const env = { LOG_LEVEL: 'warn', ...(await withBackends(withSecrets(readEnvironment()), backends)) }
    config = loadConfig(env)
    const server = await startServer(env)
    say(greeting(server, config))
    await stopped
    await server.close()
  } finally {
    await Promise.all(backends.map(backend => backend.stop()))
  }
}

/** Resolves on SIGTERM and SIGINT, and when the process that ran `npm start` is gone. */
async function untilStopped(): Promise<void> {
  const orphaned = new Promise<void>(resolve => watchParent(resolve))
  // The watch alone would not keep the process alive before the server listens; the server does afterwards.
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), orphaned])
}

async function withBackends(env: Environment, backends: Backend[]): Promise<Environment> {
  const configured = REDIS_VARIABLES.filter(name => isSet(env, name))
  if (values.cluster && configured.length > 0)
    throw new StartError(`--cluster brings up a Redis of its own, but ${configured.join(', ')} is set`)
  makeDataDirectory()
  const [database, redis] = await Promise.all([
    isSet(env, 'DATABASE_URL') ? {} : privateDatabase(backends),
    isSet(env, ...REDIS_VARIABLES) ? {} : values.cluster ? privateCluster(backends) : privateRedis(backends),
  ])
  return { ...env, ...database, ...redis }
}

/** Throws StartError when nothing can be written there. */
function makeDataDirectory(): void {
  try {
    mkdirSync(DATA_DIR, { recursive: true })
    accessSync(DATA_DIR, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const why = systemErrorWords(codeOf(cause) ?? String(cause))
    throw new StartError(
      `the data directory ${DATA_DIR} cannot be written: ${why}. SETTINGS_GATEWAY_DATA_DIR names another one`,
      { cause },
    )
  }
}

async function privateDatabase(backends: Backend[]): Promise<Environment> {
  const postgres = await startPrivatePostgres({ dataDir: join(DATA_DIR, 'postgres') })
  backends.push(postgres)
  say(`Private PostgreSQL under ${DATA_DIR}, port ${postgres.port}`)
  return { DATABASE_URL: postgres.url }
}

async function privateRedis(backends: Backend[]): Promise<Environment> {
  const binary = findRedis(DATA_DIR)
  if (binary === undefined) {
    say(NO_REDIS)
    return {}
  }
  const redis = await startPrivateRedis({ binary, dataDir: join(DATA_DIR, 'redis-data') })
  backends.push(redis)
  say(`Private Redis under ${DATA_DIR}, port ${redis.port}`)
  return { REDIS_URL: redis.url }
}

async function privateCluster(backends: Backend[]): Promise<Environment> {
  const binary = findRedis(DATA_DIR)
  if (binary === undefined) {
    say(NO_REDIS)
    return {}
  }
  const dir = join(DATA_DIR, 'redis-cluster')
  const cluster = await startCluster({
    ...{ binary, dir, primaries: 3, replicas: 1, nodeTimeoutMs: CLUSTER_NODE_TIMEOUT_MS },
  })
  backends.push(cluster)
  say(`Private Redis Cluster under ${dir}, ports ${cluster.nodes.map(({ port }) => port).join(', ')}`)
  return { REDIS_CLUSTER_NODES: cluster.seeds }
}

function greeting({ url, services }: RunningServer, config: Config): string {
  const [service] = config.auth.serviceTokens
  // A real token is a secret: it is not printed.
  const shown =
    service?.token === DEVELOPMENT_SERVICE_TOKEN
      ? service.token
      : `<token of ${service?.name ?? 'a service'}>`
  return [
    startLine(config, { url, migrated: services.migrationReport() }),
    `Docs: ${url}/docs`,
    `Operator page: ${url}/ops/, with the token that this prints: npm run token -- --admin`,
    '',
    'Try it:',
    `curl -i -H 'Authorization: Bearer ${shown}' -H 'X-User-Id: 42' ${url}/api/futures/ginie/decision-settings`,
  ].join('\n')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

try {
  await main()
  process.exit(0)
} catch (error) {
  process.stderr.write(`settings-gateway does not start: ${startFailure(error, config)}\n`)
  process.exit(1)
}
