import pg from 'pg'
import type { Test } from 'tap'
import type { Change, DocumentRef } from '../../src/consistency/document-rows.ts'
import { Availability } from '../../src/store/availability.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { startTcpProxy, type TcpProxy } from '../helper/tcp-proxy.ts'

export const META = { updatedBy: 'test', reason: 'put' }
export const REF: DocumentRef = { userId: '42', kind: 'mode.scalp' }
export const FIRST: Change = { ref: REF, previous: 0, version: 1, data: '{"a":1}', changes: '[]', ...META }

/** Ends the writer's connection and waits until it has gone. */
export const TERMINATE = `
  SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
  WHERE application_name = 'settings-gateway' AND datname = current_database()`

export interface Writing {
  readonly url: string
  readonly store: PostgresStore
  readonly pool: pg.Pool
  readonly proxy: TcpProxy
  /** Past the proxy. */
  readonly admin: pg.Client
  /** Of the document, as stored; 0 = it is not there. */
  version(): Promise<number>
  /** Resolves when the writer waits for a lock. */
  waits(): Promise<void>
}

/** A store with one connection, over a proxy. */
export async function startWriting(
  t: Test,
  { statementTimeoutMs = 10_000, direct = false } = {},
): Promise<Writing> {
  const url = await createDatabase(t)
  const through = new URL(url)
  const proxy = await startTcpProxy(t, Number(through.port))
  if (!direct) through.port = String(proxy.port)
  const times = { connectTimeoutMs: 10_000, freeTimeoutMs: 10_000, idleInTransactionTimeoutMs: 10_000 }
  const pool = createPool({ url: through.href, poolSize: 1, statementTimeoutMs, ...times }, () => {})
  t.teardown(() => pool.end())
  const admin = await connect(t, url)
  const availability = new Availability()
  const store = new PostgresStore({ pool, viewPool: pool, viewTimeoutMs: 10_000, availability })
  const version = async () => {
    const { rows } = await admin.query('SELECT version FROM documents WHERE user_id = $1', [REF.userId])
    return Number(rows[0]?.version ?? 0)
  }
  const waits = () =>
    eventually('the writer waits', async () => {
      const { rows } = await admin.query(
        `SELECT FROM pg_stat_activity
         WHERE application_name = 'settings-gateway' AND datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows.length > 0
    })
  return { url, store, pool, proxy, admin, version, waits }
}

async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** In a transaction that stays open. */
async function hold(t: Test, url: string, lock: string): Promise<void> {
  const client = await connect(t, url)
  await client.query('BEGIN')
  await client.query(lock)
}

/** Somebody else holds the row, so that the first statement waits. */
export async function holdRow(t: Test, { url, store }: Writing): Promise<void> {
  await (await store.beginWrite([REF], 'wait')).applyAndCommit([FIRST])
  await hold(t, url, 'SELECT FROM documents FOR UPDATE')
}

/** What COMMIT runs, behind everything else. */
export async function atCommit({ admin }: Writing, body: string): Promise<void> {
  await admin.query(`
    CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON document_history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()`)
}

export async function holdCommit(t: Test, world: Writing): Promise<void> {
  await atCommit(world, 'PERFORM pg_advisory_xact_lock(1)')
  await hold(t, world.url, 'SELECT pg_advisory_xact_lock(1)')
}

/** An ErrorResponse of the protocol. */
export function fatal(code: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mthe server is gone\0\0`)
  const head = Buffer.from('E....')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
