import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  ConfigError,
  DEVELOPMENT_SERVICE_TOKEN,
  type Environment,
  loadConfig,
  readEnvironment,
} from '../config.ts'
import { startServer } from '../server.ts'
import { watchParent } from './ancestors.ts'
import { isSet, withSecrets } from './development-secrets.ts'
import { startPrivatePostgres } from './private-postgres.ts'
import { startPrivateRedis } from './private-redis.ts'
import { findRedis } from './redis-binary.ts'

/** `npm start`: the gateway with whatever backends are not configured, private ones under .data/. */

const DATA_DIR = process.env.SETTINGS_GATEWAY_DATA_DIR ?? join(process.cwd(), '.data')

interface Backend {
  stop(): Promise<void>
}

async function main(): Promise<void> {
  say('Starting the settings gateway ...')
  const stopped = untilStopped()
  const backends: Backend[] = []
  try {
    const env = await withBackends(withSecrets(readEnvironment()), backends)
    const server = await startServer({ LOG_LEVEL: 'warn', ...env })
    say(greeting(server.url, env))
    await stopped
    await server.close()
  } finally {
    await Promise.all(backends.map(backend => backend.stop()))
  }
}

/** Resolves on SIGTERM and SIGINT, and when whoever ran `npm start` is gone. */
async function untilStopped(): Promise<void> {
  const orphaned = new Promise<void>(resolve => watchParent(resolve))
  // The watch alone would not keep the process alive before the server listens; the server does afterwards.
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), orphaned])
}

async function withBackends(env: Environment, backends: Backend[]): Promise<Environment> {
  mkdirSync(DATA_DIR, { recursive: true })
  const [database, redis] = await Promise.all([
    isSet(env, 'DATABASE_URL') ? {} : privateDatabase(backends),
    isSet(env, 'REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS') ? {} : privateRedis(backends),
  ])
  return { ...env, ...database, ...redis }
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
    say('No Redis: neither on the PATH nor by apt-get. Everything is answered from PostgreSQL (degraded).')
    return {}
  }
  const redis = await startPrivateRedis({ binary, dataDir: join(DATA_DIR, 'redis-data') })
  backends.push(redis)
  say(`Private Redis under ${DATA_DIR}, port ${redis.port}`)
  return { REDIS_URL: redis.url }
}

function greeting(url: string, env: Environment): string {
  const [, token] = /^[^=,]+=([^,]+)/.exec(env.SERVICE_TOKENS ?? '') ?? []
  const { serviceTokens } = loadConfig(env).auth
  const development = token === DEVELOPMENT_SERVICE_TOKEN
  // A real token is a secret: it is not printed.
  const shown = development ? token : `<token of ${serviceTokens[0]?.name ?? 'a service'}>`
  return [
    `The settings gateway listens on ${url}`,
    `Docs: ${url}/docs`,
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
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`)
  process.exit(1)
}
