import type { Pool } from 'pg'
import type { InstanceReport, SeenInstance } from '../../fleet/ports.ts'
import { runReadCommitted } from '../read-committed.ts'
import type { Queryable } from './documents.ts'

/** A heartbeat that is lost costs nothing, so its COMMIT waits for no disk and no standby. Part of a FROM. */
const WITHOUT_WAITING = `set_config('synchronous_commit', 'off', true)`
/** RFC 3339 with milliseconds, UTC. */
const timeText = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The row of this instance, new or renewed. Rows beyond `most`, those not seen for longest, go. */
export async function upsertInstance(db: Pool, report: InstanceReport, most: number): Promise<void> {
  const { reads } = report
  await runReadCommitted(db, {
    name: 'upsert-instance',
    text: `WITH too_many AS (
             DELETE FROM instances WHERE id IN (
               SELECT id FROM instances
               WHERE id IN (SELECT id FROM instances WHERE id <> $1 ORDER BY seen_at DESC OFFSET $17)
               FOR UPDATE SKIP LOCKED)
           )
           INSERT INTO instances (id, host, pid, version, started_at, port, state, lease_held, epoch, breaker,
                                  hits, misses, bypasses, unverified, memory_bytes, event_loop_delay_ms, seen_at)
           SELECT $1, $2, $3::integer, $4, clock_timestamp() - make_interval(secs => $5::float8 / 1000), $6::integer, $7,
                  $8::boolean, $9::bigint, $10, $11::bigint, $12::bigint, $13::bigint, $14::bigint, $15::bigint,
                  $16::float8, clock_timestamp()
           FROM ${WITHOUT_WAITING}
           ON CONFLICT (id) DO UPDATE
           SET port = excluded.port, state = excluded.state, lease_held = excluded.lease_held, epoch = excluded.epoch,
               breaker = excluded.breaker, hits = excluded.hits, misses = excluded.misses, bypasses = excluded.bypasses,
               unverified = excluded.unverified, memory_bytes = excluded.memory_bytes,
               event_loop_delay_ms = excluded.event_loop_delay_ms, seen_at = excluded.seen_at`,
    values: [
      ...[report.id, report.host, report.pid, report.version, report.uptimeMs, report.port, report.state],
      ...[report.leaseHeld, report.epoch, report.breaker],
      ...[reads.hits, reads.misses, reads.bypasses, reads.unverified],
      ...[report.memoryBytes, report.eventLoopDelayMs, most - 1],
    ].map(value => (value === null ? null : String(value))),
  })
}

export async function deleteInstance(db: Pool, id: string): Promise<void> {
  await runReadCommitted(db, {
    name: 'delete-instance',
    text: `DELETE FROM instances USING ${WITHOUT_WAITING} WHERE id = $1`,
    values: [id],
  })
}

interface InstanceRecord {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly started_at: string
  readonly port: number | null
  readonly state: SeenInstance['state']
  readonly lease_held: boolean
  readonly epoch: string
  readonly breaker: SeenInstance['breaker']
  readonly hits: string
  readonly misses: string
  readonly bypasses: string
  readonly unverified: string
  readonly memory_bytes: string | null
  readonly event_loop_delay_ms: number | null
  readonly seen_at: string
  readonly seen_ms_ago: number
}

/** At most `most`, the last started first. A clock that was set back makes no instance alive. */
export async function selectInstances(db: Queryable, aliveMs: number, most: number): Promise<SeenInstance[]> {
  const { rows } = await db.query<InstanceRecord>({
    name: 'select-instances',
    text: `SELECT id, host, pid, version, ${timeText('started_at')} AS started_at, port, state, lease_held, epoch, breaker,
                  hits, misses, bypasses, unverified, memory_bytes, event_loop_delay_ms, ${timeText('seen_at')} AS seen_at,
                  round(extract(epoch FROM clock_timestamp() - instances.seen_at) * 1000)::float8 AS seen_ms_ago
           FROM instances ORDER BY instances.started_at DESC, id LIMIT $1`,
    values: [most],
  })
  return rows.map(row => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    version: row.version,
    startedAt: row.started_at,
    port: row.port,
    state: row.state,
    leaseHeld: row.lease_held,
    epoch: Number(row.epoch),
    breaker: row.breaker,
    reads: {
      hits: Number(row.hits),
      misses: Number(row.misses),
      bypasses: Number(row.bypasses),
      unverified: Number(row.unverified),
    },
    memoryBytes: row.memory_bytes === null ? null : Number(row.memory_bytes),
    eventLoopDelayMs: row.event_loop_delay_ms,
    seenAt: row.seen_at,
    seenMsAgo: Math.max(0, row.seen_ms_ago),
    alive: Math.abs(row.seen_ms_ago) < aliveMs,
  }))
}
