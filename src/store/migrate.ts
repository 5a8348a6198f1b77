import { fileURLToPath } from 'node:url'
import pg from 'pg'
import Postgrator from 'postgrator'
import { asUnavailable, isUnreachableForGood } from './database-errors.ts'
import { BEGIN } from './read-committed.ts'

const MIGRATIONS = fileURLToPath(new URL('./migrations/*', import.meta.url))
/** Instances that start at once migrate one after the other. */
const LOCK_AND_WAIT = `
  SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
  -- A function that this server does not have is met when it is called, and may be guarded there.
  SET LOCAL check_function_bodies = off;
  SELECT pg_advisory_xact_lock(7215, 2)`

/** The database is not fit for this gateway; trying again is pointless. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/** What a start did to the schema. */
export interface MigrationReport {
  /** The number of the newest migration. */
  readonly version: number
  /** How many of them were new to this database. */
  readonly applied: number
}

/** Longest wait for the server, milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000

/**
 * Runs the numbered forward migrations that the database does not have yet, all in one transaction and under a lock.
 * DatabaseUnavailableError when it cannot be reached now, the error itself when its host has no name or TLS does not fit,
 * MigrationError when it is older than PostgreSQL 15 or was
 * migrated by a newer gateway, the server's own error when a migration fails.
 */
export async function migrate(databaseUrl: string): Promise<MigrationReport> {
  try {
    return await run(databaseUrl)
  } catch (error) {
    throw error instanceof MigrationError || isUnreachableForGood(error) ? error : asUnavailable(error)
  }
}

function run(databaseUrl: string): Promise<MigrationReport> {
  return withConnection(databaseUrl, async client => {
    await requireVersion(client)
    await requireUtf8(client)
    // The database may prefer another isolation; what is read behind the lock must be newer than the lock.
    await client.query(BEGIN.text)
    await client.query(LOCK_AND_WAIT)
    await requireAdvisoryLocks(databaseUrl)
    const postgrator = new Postgrator({
      driver: 'pg',
      migrationPattern: MIGRATIONS,
      schemaTable: 'public.schema_version',
      execQuery: query => client.query(query),
      execSqlScript: async sql => {
        await client.query(sql)
      },
    })
    await requireKnown(client, postgrator)
    const applied = await postgrator.migrate()
    const version = await postgrator.getDatabaseVersion()
    await client.query('COMMIT')
    return { version, applied: applied.length }
  })
}

async function withConnection<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'settings-gateway-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // Without a listener a connection that breaks would end the process; the query in progress rejects anyway.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
  const major = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  if (major < 15) throw new MigrationError(`PostgreSQL 15 or newer is needed, the server is version ${major}`)
}

async function requireUtf8(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding')
  const encoding = rows[0]?.server_encoding
  if (encoding !== 'UTF8')
    throw new MigrationError(
      `the database must have the encoding UTF8, it has ${encoding}: settings hold any text`,
    )
}

/**
 * The order of writes rests on advisory locks. There are servers that accept them and exclude no connection: a second connection
 * must not get the lock that the migrating one holds.
 */
async function requireAdvisoryLocks(databaseUrl: string): Promise<void> {
  await withConnection(databaseUrl, async client => {
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock(7215, 2) AS locked',
    )
    if (!rows[0]!.locked) return
    const { rows: versions } = await client.query<{ version: string }>('SELECT version()')
    throw new MigrationError(
      `the advisory locks of this server exclude no other session, so writes would not be in order: ${versions[0]!.version}`,
    )
  })
}

/** Refuses a database of a newer gateway, and one whose migrations are not those of this gateway under their numbers. */
async function requireKnown(client: pg.Client, postgrator: Postgrator): Promise<void> {
  const has = await postgrator.getDatabaseVersion()
  if (has === 0) return
  const { rows } = await client.query<{ version: number; name: string; md5: string | null }>(
    'SELECT version::integer AS version, name, md5 FROM public.schema_version WHERE version > 0 ORDER BY version',
  )
  const migrations = await postgrator.getMigrations()
  const known = new Map(migrations.map(migration => [migration.version, migration]))
  for (const { version, name, md5 } of rows) {
    const own = known.get(version)
    if (own === undefined || (own.name === name && (md5 ?? own.md5) === own.md5)) continue
    throw new MigrationError(
      `migration ${version} ("${name}") of the database differs from the one here ("${own.name}"): a version that was never released made it, and nothing leads on from there. Use an empty database; for npm start remove "postgres" and "redis-data" in its data directory (.data)`,
    )
  }
  const knows = Math.max(...known.keys())
  if (has > knows) {
    throw new MigrationError(
      `the database has migration ${has}, this gateway knows ${knows}: it is older than the database`,
    )
  }
}
