import pg, { type ClientBase, type Pool } from 'pg'
import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import { Batch, type Notice, type Statement } from './batch.ts'
import { isConnectionLost } from './database-errors.ts'

/** The database, or the role, may have another default: what is read behind a lock must be newer than the lock. */
export const BEGIN: Statement = { name: 'begin', text: 'BEGIN ISOLATION LEVEL READ COMMITTED', values: [] }

/** Makes the COMMIT durable where the role's default is not (`require_safe_transaction`). */
export const REQUIRE_SAFE: Statement = {
  name: 'require-safe-transaction',
  text: 'SELECT require_safe_transaction()',
  values: [],
}

export const COMMIT: Statement = { name: 'commit', text: 'COMMIT', values: [] }

/**
 * Runs one statement in a transaction of its own, in one message: without BEGIN it would have the isolation that the
 * database or the role prefers. Resolves to its rows; rejects with what the server said, and with
 * DatabaseUnavailableError when a standby that must have the COMMIT may not have it. `locks`: a statement in front of it,
 * whose locks the snapshot of the other one is newer than.
 */
export async function runReadCommitted<Row>(
  db: Pool | ClientBase,
  statement: Statement,
  locks?: Statement,
): Promise<Row[]> {
  const pooled = db instanceof pg.Pool ? await db.connect() : undefined
  const client = pooled ?? (db as ClientBase)
  let broken = true
  try {
    const before = locks === undefined ? [BEGIN, REQUIRE_SAFE] : [BEGIN, REQUIRE_SAFE, locks]
    const { answers, notices, error } = await Batch.settle(client, [...before, statement, COMMIT])
    if (error !== undefined) {
      // A server that does not answer would not answer ROLLBACK either: the connection is given up.
      if (isConnectionLost(error)) throw error
      await client.query('ROLLBACK').then(
        () => (broken = false),
        () => {},
      )
      throw error
    }
    broken = false
    insistOnCommit(answers.at(-1)!.command)
    if (isUnreplicated(notices)) throw new DatabaseUnavailableError(UNREPLICATED)
    return answers.at(-2)!.rows as Row[]
  } finally {
    pooled?.release(broken)
  }
}

/** The server answers ROLLBACK when something failed before. */
export function insistOnCommit(command: string): void {
  if (command !== 'COMMIT') throw new DatabaseUnavailableError(`the server answered ${command} to COMMIT`)
}

export const UNREPLICATED = 'COMMIT was carried out, but a standby that must have it may not have it'

/**
 * True when the wait for a synchronous standby was cancelled (statement_timeout, pg_cancel_backend): PostgreSQL then says
 * COMMIT, with a warning, although a failover may lose it. The name of the function is the part that is not translated.
 */
export function isUnreplicated(notices: readonly Notice[]): boolean {
  return notices.some(
    ({ routine, message }) =>
      routine === 'SyncRepWaitForLSN' || /synchronous replication/i.test(message ?? ''),
  )
}
