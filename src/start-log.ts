import { readFileSync } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import { endpointNames } from './config/endpoint-names.ts'
import type { Config } from './config.ts'
import type { MigrationReport } from './store/migrate.ts'

/** The version in package.json. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version

export interface StartReport {
  readonly url: string
  /** Undefined = the database was away. */
  readonly migrated: MigrationReport | undefined
}

/** What runs and what it is connected to, in one sentence. No secret is in it. */
export function startLine(config: Config, { url, migrated }: StartReport): string {
  const { database, redis } = endpointNames(config)
  const schema =
    migrated === undefined
      ? 'not reachable yet'
      : `migration ${migrated.version}, ${migrated.applied === 0 ? 'none new' : `${migrated.applied} new`}`
  return `settings-gateway ${VERSION} listens on ${url}; PostgreSQL ${database} (${schema}); Redis ${redis}`
}

/** The line of a start, and a warning where production lacks what it should have. */
export function logStart(log: FastifyBaseLogger, config: Config, report: StartReport): void {
  const { database, redis } = endpointNames(config)
  const { url, migrated } = report
  log.info(
    { version: VERSION, node: process.version, url, database, redis, migrations: migrated ?? null },
    startLine(config, report),
  )
  if (config.production && config.redis.target === undefined) {
    log.warn(
      'no Redis is configured: everything is answered from PostgreSQL, and positions and orders of the exchange are not kept. Set REDIS_URL or REDIS_HOST',
    )
  }
}
