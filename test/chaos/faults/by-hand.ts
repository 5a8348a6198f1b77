import type pg from 'pg'
import { CLOCK_JUMP_MS } from '../../../src/consistency/lease.ts'
import { MARK_PATH } from '../marks.ts'
import { between, type Fault } from './fault.ts'

/** L (LEASE_MS), and the jump of a clock that a lease may outlast. */
const SEEN_AFTER_MS = 1_000 + CLOCK_JUMP_MS
const KINDS = ['mode.scalp', 'circuit_breaker', 'llm_config']
const TRIES = 5
let edits = 0

/** How an operator changes a row; resolves to the new version, undefined when there is no such document. */
type Edit = (client: pg.Client, user: string, kind: string, mark: string) => Promise<number | undefined>

/** A change in psql: nothing goes through a gateway, and yet it is seen a lease later. */
function editedBy(name: string, change: Edit): Fault {
  return {
    name,
    async inject({ stack, random, users, record }) {
      const user = random.pick(users)
      const kind = random.pick(KINDS)
      const mark = `by-hand-${edits++}`
      const start = performance.now()
      const version = await stack.sql(client => change(client, user, kind, mark))
      if (version === undefined) return
      record({
        ...{
          client: 'psql',
          gateway: -1,
          user,
          type: 'write',
          outcome: 'ok',
          status: 200,
          code: '',
          cache: '',
          mark,
        },
        start,
        end: performance.now() + SEEN_AFTER_MS,
        documents: [{ kind, section: '', version, value: '', marks: [mark] }],
      })
    },
  }
}

export const MANUAL_EDIT = editedBy('edit by hand in SQL', edit)

/**
 * Resolves to the new version; undefined when there is no such document yet. Once more after a deadlock with a writer, or when
 * a new incarnation has begun.
 */
export async function edit(
  client: pg.Client,
  user: string,
  kind: string,
  mark: string,
): Promise<number | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      const { rows } = await client.query<{ version: string }>(
        `UPDATE documents SET data = jsonb_set(data, $3, to_jsonb($4::text))
         WHERE user_id = $1 AND kind = $2 RETURNING version`,
        [user, kind, MARK_PATH, mark],
      )
      return rows[0] === undefined ? undefined : Number(rows[0].version)
    } catch (error) {
      if (tries === TRIES || !['40P01', '40001'].includes((error as { code?: string }).code!)) throw error
    }
  }
}

/** All connections of the gateways are ended by an operator, in whatever they are doing. */
export const TERMINATED: Fault = {
  name: 'connections terminated',
  async inject(context) {
    context.hurt('postgres', context.stack.gateways)
    await context.stack.sql(terminateAll)
  },
}

export async function terminateAll(client: pg.Client): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'settings-gateway' AND pid <> pg_backend_pid()`,
  )
}

/** Those that are inside a transaction, such as a writer between its fence and its COMMIT. */
export async function terminateOpenTransactions(client: pg.Client): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'settings-gateway' AND state = 'idle in transaction'`,
  )
}

const UPSERT: Edit = async (client, user, kind, mark) => {
  const { rows } = await client.query<{ version: string }>(
    `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
     SELECT user_id, kind, version, jsonb_set(data, $3, to_jsonb($4::text)), updated_at, updated_by, changed_xid
     FROM documents WHERE user_id = $1 AND kind = $2
     ON CONFLICT (user_id, kind) DO UPDATE SET data = excluded.data RETURNING version`,
    [user, kind, MARK_PATH, mark],
  )
  return rows[0] === undefined ? undefined : Number(rows[0].version)
}

/** As a logical replication worker, or a restore with --disable-triggers, writes. */
const AS_REPLICA: Edit = async (client, user, kind, mark) => {
  await client.query('SET session_replication_role = replica')
  return edit(client, user, kind, mark)
}

/** What must be refused; that nothing of it took place is seen by the checker. */
const REFUSED = [
  `UPDATE documents SET user_id = user_id || '-moved'`,
  `UPDATE documents SET kind = 'mode.scalp' WHERE kind = 'mode.swing'`,
  'TRUNCATE documents',
  'TRUNCATE documents, document_history CASCADE',
  'DELETE FROM documents',
]

const REFUSALS: Fault = {
  name: 'rows moved and removed in SQL',
  async inject({ stack, random }) {
    const statement = random.pick(REFUSED)
    const refused = await stack.sql(client =>
      client.query(statement).then(
        () => false,
        () => true,
      ),
    )
    if (!refused) throw new Error(`PostgreSQL carried out: ${statement}`)
  },
}

const NO_VIEW: Fault = {
  name: 'the row of the cache view is deleted',
  async inject(context) {
    context.hurt('postgres', context.stack.gateways)
    await context.stack.sql(client => client.query('DELETE FROM cache_view').catch(() => {}))
    await between(context, 100, 1_000)
  },
}

/** An operator runs psql: each statement a fault. */
export const PSQL_FAULTS: readonly Fault[] = [
  editedBy('psql: INSERT ... ON CONFLICT DO UPDATE', UPSERT),
  editedBy('psql: UPDATE past the triggers', AS_REPLICA),
  REFUSALS,
  NO_VIEW,
]
