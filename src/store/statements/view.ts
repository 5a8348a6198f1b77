import type { DatabaseState, View, ViewSnapshot, ViewToken } from '../../consistency/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import {
  type SnapshotRecord,
  type StateRecord,
  toSnapshot,
  toState,
  toView,
  type ViewRecord,
} from '../rows.ts'
import type { Queryable } from './documents.ts'

export const VIEW_COLUMNS = 'mode, epoch, drained, run_id, replication_id, database, reason, lease_ms'

/** For DatabaseState.server. A restored server has started, and one that was promoted is another. */
export const SERVER = 'extract(epoch FROM pg_postmaster_start_time())::text'

/** The columns of a StateRecord. */
const STATE_COLUMNS = `database_identity() AS current_database, database_moved() AS moved,
  pg_snapshot_xmax(pg_current_snapshot())::text AS next_xid, ${SERVER} AS server`

/** The view as a writer or a gate sees it under the VIEW lock. */
export async function selectView(db: Queryable): Promise<View> {
  const { rows } = await db.query<ViewRecord>({
    name: 'select-view',
    text: `SELECT ${VIEW_COLUMNS} FROM cache_view`,
  })
  return toView(rows[0])
}

/** The view, which database this is, and its oldest running transaction. Fails on a standby. */
export async function selectViewSnapshot(db: Queryable): Promise<ViewSnapshot> {
  const { rows } = await db.query<SnapshotRecord>({
    name: 'select-view-snapshot',
    text: `SELECT ${VIEW_COLUMNS}, ${STATE_COLUMNS},
                  pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_xid,
                  EXISTS (SELECT FROM handovers WHERE NOT taken) AS handovers_wait
           FROM cache_view`,
  })
  return toSnapshot(rows[0])
}

/** ON at `epoch` becomes OFF under the exclusive VIEW lock; nothing happens when another instance was faster. */
export async function turnViewOff(db: Queryable, epoch: number, reason: string): Promise<void> {
  await runReadCommitted(db, {
    name: 'turn-view-off',
    text: 'SELECT turn_view_off($1, $2)',
    values: [String(epoch), reason],
  })
}

/** Makes the row of cache_view again, OFF and not drained. */
export async function healView(db: Queryable): Promise<void> {
  await runReadCommitted(db, { name: 'heal-view', text: 'SELECT heal_view()', values: [] })
}

/** The longest lease is `leaseMs` or more when this resolves. */
export async function raiseLease(db: Queryable, leaseMs: number): Promise<void> {
  await runReadCommitted(db, {
    name: 'raise-lease',
    text: 'SELECT raise_lease($1)',
    values: [String(leaseMs)],
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
export async function turnViewOn(db: Queryable, v: ViewToken, leaseMs: number): Promise<void> {
  await db.query({
    name: 'turn-view-on',
    text: `UPDATE cache_view
           SET mode = 'ON', drained = false, run_id = $2, replication_id = $3, database = database_identity(),
               reason = 'gate', lease_ms = $4, changed_at = clock_timestamp()
           WHERE epoch = $1`,
    values: [v.epoch, v.identity.runId, v.identity.replicationId, leaseMs],
  })
}

/** Which database the connection leads to. Fails on a standby. */
export async function selectDatabaseState(db: Queryable): Promise<DatabaseState> {
  const { rows } = await db.query<StateRecord>({
    name: 'select-database-state',
    text: `SELECT ${STATE_COLUMNS}`,
  })
  return toState(rows[0]!)
}

/** A new incarnation in the place of `database`, and the view OFF; nothing happens when another instance was faster. */
export async function beginIncarnation(
  db: Queryable,
  database: string,
  reason: string,
  atLeast: number,
): Promise<void> {
  await runReadCommitted(db, {
    name: 'begin-incarnation',
    text: 'SELECT begin_incarnation($1, $2, $3)',
    values: [database, reason, String(atLeast)],
  })
}
