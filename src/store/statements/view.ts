import type { DatabaseState, UndrainedView, View, ViewSnapshot, ViewToken } from '../../consistency/views.ts'
import { runReadCommitted } from '../read-committed.ts'
import {
  SERVER,
  type SnapshotRecord,
  type StateRecord,
  toSnapshot,
  toState,
  toView,
  type ViewRecord,
} from '../rows.ts'
import type { Queryable } from './documents.ts'

export const VIEW_COLUMNS = 'mode, epoch, drained, run_id, replication_id, database, reason, lease_ms'

/**
 * SQL: instances may answer what was before an edit by hand, and who is told of the edit could read that. The edit turns the view
 * OFF, and leases of before may be alive until it is drained. They are not beyond twice the longest one: nobody drains the views
 * of a layout that no instance uses.
 */
export const LEASES_RUN = `EXISTS (
  SELECT FROM cache_view
  WHERE mode = 'OFF' AND NOT drained AND clock_timestamp() < changed_at + 2 * lease_ms * interval '1 millisecond')`

/** SQL: a view of the other layout than that of view `$1` is ON, or leases of it may be alive. */
export const OTHER_LAYOUT_USED = `EXISTS (
  SELECT FROM cache_view AS other WHERE (other.id = 0) <> ($1::integer = 0) AND (other.mode = 'ON' OR NOT other.drained))`

/** The columns of a StateRecord. */
const STATE_COLUMNS = `database_identity() AS current_database, database_moved() AS moved,
  pg_snapshot_xmax(pg_current_snapshot())::text AS next_xid, ${SERVER} AS server`

/** A view by the id of its row: 0 = one Redis, others = a partition of a cluster. ViewMissingError. */
export async function selectView(db: Queryable, view: number): Promise<View> {
  const { rows } = await db.query<ViewRecord>({
    name: 'select-view',
    text: `SELECT ${VIEW_COLUMNS} FROM cache_view WHERE id = $1`,
    values: [view],
  })
  return toView(rows[0])
}

/** The view, which database this is, and its oldest running transaction. Fails on a standby. */
export async function selectViewSnapshot(db: Queryable, view: number): Promise<ViewSnapshot> {
  const { rows } = await db.query<SnapshotRecord>({
    name: 'select-view-snapshot',
    text: `SELECT ${VIEW_COLUMNS}, ${STATE_COLUMNS},
                  pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_xid,
                  EXISTS (SELECT FROM handovers WHERE NOT taken AND view = $1) AS handovers_wait,
                  other_layout($1) AS other_layout
           FROM cache_view WHERE id = $1`,
    values: [view],
  })
  return toSnapshot(rows[0])
}

/** The same for all partitions, by the ids of their views. */
export async function selectPartitionSnapshots(db: Queryable): Promise<ReadonlyMap<number, ViewSnapshot>> {
  const { rows } = await db.query<SnapshotRecord & { readonly id: number }>({
    name: 'select-partition-snapshots',
    text: `WITH state AS MATERIALIZED (
             SELECT ${STATE_COLUMNS}, pg_snapshot_xmin(pg_current_snapshot())::text AS oldest_xid,
                    other_layout(1) AS other_layout
           ), waiting AS MATERIALIZED (SELECT DISTINCT view FROM handovers WHERE NOT taken)
           SELECT id, ${VIEW_COLUMNS}, state.*, id IN (SELECT view FROM waiting) AS handovers_wait
           FROM cache_view, state WHERE id > 0`,
  })
  return new Map(rows.map(record => [record.id, toSnapshot(record)]))
}

/** ON at `epoch` becomes OFF under the exclusive VIEW lock of this view; nothing happens when another instance was faster. */
export async function turnViewOff(db: Queryable, view: number, epoch: number, reason: string): Promise<void> {
  await runReadCommitted(db, {
    name: 'turn-view-off',
    text: 'SELECT turn_view_off($1, $2, $3)',
    values: [String(epoch), reason, String(view)],
  })
}

/** Turns the views of the other layout OFF; the ones to drain. */
export async function turnOtherLayoutOff(db: Queryable, view: number): Promise<readonly UndrainedView[]> {
  const rows = await runReadCommitted<{ view_id: number; view_epoch: string; view_lease_ms: number }>(db, {
    name: 'turn-other-layout-off',
    text: 'SELECT view_id, view_epoch, view_lease_ms FROM turn_other_layout_off($1)',
    values: [String(view)],
  })
  return rows.map(({ view_id, view_epoch, view_lease_ms }) => ({
    view: view_id,
    epoch: Number(view_epoch),
    leaseMs: view_lease_ms,
  }))
}

/** Makes missing rows of cache_view again, OFF and not drained: that of one Redis, or those of all partitions. */
export async function healView(db: Queryable, view: number): Promise<void> {
  await runReadCommitted(db, { name: 'heal-view', text: 'SELECT heal_view($1)', values: [String(view)] })
}

/** The longest lease is `leaseMs` or more when this resolves. */
export async function raiseLease(db: Queryable, view: number, leaseMs: number): Promise<void> {
  await runReadCommitted(db, {
    name: 'raise-lease',
    text: 'SELECT raise_lease($1, $2)',
    values: [String(leaseMs), String(view)],
  })
}

/** Each that is OFF at its epoch becomes drained. */
export async function setViewsDrained(
  db: Queryable,
  views: readonly Pick<UndrainedView, 'view' | 'epoch'>[],
): Promise<void> {
  await runReadCommitted(db, {
    name: 'set-views-drained',
    text: `UPDATE cache_view SET drained = true
           FROM unnest($1::text[]::integer[], $2::text[]::bigint[]) AS off (view, epoch)
           WHERE id = off.view AND mode = 'OFF' AND cache_view.epoch = off.epoch`,
    values: [views.map(({ view }) => String(view)), views.map(({ epoch }) => String(epoch))],
  })
}

/** OFF, drained and still at `epoch`: the new epoch, `atLeast` or above. Null = another instance moved on. */
export async function takeNewEpoch(
  db: Queryable,
  view: number,
  epoch: number,
  atLeast: number,
): Promise<number | null> {
  const rows = await runReadCommitted<{ epoch: string | null }>(db, {
    name: 'take-new-epoch',
    text: 'SELECT take_new_epoch($1, $2, $3) AS epoch',
    values: [String(epoch), String(atLeast), String(view)],
  })
  const taken = rows[0]?.epoch ?? null
  return taken === null ? null : Number(taken)
}

/** The exclusive VIEW lock of one view: for a partition no writer of another one is waited for. */
export async function lockOneView(db: Queryable, view: number): Promise<void> {
  await db.query({ name: 'lock-one-view', text: 'SELECT lock_one_view($1)', values: [view] })
}

/** Turns the view ON(V); the caller holds its exclusive VIEW lock and has seen it OFF at this epoch. */
export async function turnViewOn(db: Queryable, view: number, v: ViewToken, leaseMs: number): Promise<void> {
  await db.query({
    name: 'turn-view-on',
    text: `UPDATE cache_view
           SET mode = 'ON', drained = false, run_id = $2, replication_id = $3, database = database_identity(),
               reason = 'gate', lease_ms = $4, changed_at = clock_timestamp()
           WHERE id = $5 AND epoch = $1`,
    values: [v.epoch, v.identity.runId, v.identity.replicationId, leaseMs, view],
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
