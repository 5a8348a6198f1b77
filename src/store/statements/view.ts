import type { View, ViewSnapshot, ViewToken } from '../../consistency/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import { type SnapshotRecord, toSnapshot, toView, type ViewRecord } from '../rows.ts'
import type { Queryable } from './documents.ts'

export const VIEW_COLUMNS = 'mode, epoch, drained, run_id, replication_id, database, reason'

/** The view as a writer or a gate sees it under the VIEW lock. */
export async function selectView(db: Queryable): Promise<View> {
  const { rows } = await db.query<ViewRecord>({
    name: 'select-view',
    text: `SELECT ${VIEW_COLUMNS} FROM cache_view`,
  })
  return toView(rows[0]!)
}

/** The view, which database this is, and its oldest running transaction. Fails on a standby. */
export async function selectViewSnapshot(db: Queryable): Promise<ViewSnapshot> {
  const { rows } = await db.query<SnapshotRecord>({
    name: 'select-view-snapshot',
    text: `SELECT ${VIEW_COLUMNS}, database_identity() AS current_database,
                  pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_xid,
                  EXISTS (SELECT FROM handovers WHERE NOT taken) AS handovers_wait
           FROM cache_view`,
  })
  return toSnapshot(rows[0]!)
}

/** ON at `epoch` becomes OFF under the exclusive VIEW lock; nothing happens when another instance was faster. */
export async function turnViewOff(db: Queryable, epoch: number, reason: string): Promise<void> {
  await runReadCommitted(db, {
    name: 'turn-view-off',
    text: 'SELECT turn_view_off($1, $2)',
    values: [String(epoch), reason],
  })
}

/** OFF at `epoch` becomes drained. */
export async function setViewDrained(db: Queryable, epoch: number): Promise<void> {
  await runReadCommitted(db, {
    name: 'set-view-drained',
    text: `UPDATE cache_view SET drained = true WHERE mode = 'OFF' AND epoch = $1`,
    values: [String(epoch)],
  })
}

/** OFF, drained and still at `epoch`: the new epoch, `atLeast` or above. Null = another instance moved on. */
export async function takeNewEpoch(db: Queryable, epoch: number, atLeast: number): Promise<number | null> {
  const rows = await runReadCommitted<{ epoch: string | null }>(db, {
    name: 'take-new-epoch',
    text: 'SELECT take_new_epoch($1, $2) AS epoch',
    values: [String(epoch), String(atLeast)],
  })
  const taken = rows[0]?.epoch ?? null
  return taken === null ? null : Number(taken)
}

export async function lockViewExclusive(db: Queryable): Promise<void> {
  await db.query({ name: 'lock-view-exclusive', text: 'SELECT lock_view_exclusive()' })
}

/** Turns the view ON(V); the caller holds the exclusive VIEW lock and has seen it OFF at this epoch. */
export async function turnViewOn(db: Queryable, v: ViewToken): Promise<void> {
  await db.query({
    name: 'turn-view-on',
    text: `UPDATE cache_view
           SET mode = 'ON', drained = false, run_id = $2, replication_id = $3, database = database_identity(),
               reason = 'gate', changed_at = clock_timestamp()
           WHERE epoch = $1`,
    values: [v.epoch, v.identity.runId, v.identity.replicationId],
  })
}

/** Which database this is: system identifier and timeline. */
export async function selectDatabaseIdentity(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ database: string }>({
    name: 'select-database-identity',
    text: 'SELECT database_identity() AS database',
  })
  return rows[0]!.database
}
