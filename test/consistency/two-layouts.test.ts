import t, { type Test } from 'tap'
import type { CachePort } from '../../src/consistency/cache-port.ts'
import { partitionOf, viewOfPartition } from '../../src/consistency/partitions.ts'
import type { ObserverPort } from '../../src/consistency/ports.ts'
import { createProtocol } from '../../src/consistency/protocol.ts'
import { viewText } from '../../src/consistency/token.ts'
import type { ViewToken } from '../../src/consistency/views.ts'
import { WriteSlots } from '../../src/consistency/write-slots.ts'
import { Availability } from '../../src/store/availability.ts'
import { createPool } from '../../src/store/pool.ts'
import { PostgresHandover } from '../../src/store/postgres-handover.ts'
import { PostgresStore } from '../../src/store/postgres-store.ts'
import { drawNumbers } from '../../src/store/statements/sequences.ts'
import { SYSTEM_CLOCK } from '../../src/system-clock.ts'
import { createDatabase } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { SIM_CODEC } from '../simulation/documents.ts'

const REF = { userId: 'u', kind: 'd1' }
const PARTITION = viewOfPartition(partitionOf(REF.userId))
const IDLE: ObserverPort = {
  step: () => {},
  viewOff: () => {},
  viewOn: () => {},
  viewSeen: () => {},
  failed: () => {},
}

/** A Redis that keeps the view and nothing else: each read is a miss. */
function emptyRedis(name: string): CachePort {
  const identity = { runId: name.padEnd(40, '0'), replicationId: name.padEnd(40, '1') }
  let view: string | null = null
  const done = async () => 'done' as const
  const take = async (v: ViewToken) => {
    view = viewText(v)
    return 'done' as const
  }
  return {
    usable: true,
    read: async keys => ({ values: keys.map(() => null), connection: 1 }),
    readHeads: (_keys, _stampKey, answered) => answered(undefined, { heads: Buffer.alloc(0), connection: 1 }),
    identify: async () => ({
      connection: 1,
      identity,
      role: 'master',
      view,
      gateHeld: false,
      marker: null,
    }),
    fence: done,
    put: done,
    makeStamps: async (_v, keys) => keys.map(() => '1000000000000000'),
    fill: done,
    unfence: done,
    erase: done,
    adopt: take,
    cold: take,
    sweep: async () => ({ next: null }),
    hold: done,
    claim: async () => 'this-database',
    readMarker: async () => null,
    proposeMarker: done,
    advanceMarker: done,
  }
}

async function start(t: Test) {
  const url = await createDatabase(t)
  const pool = createPool(
    {
      url,
      poolSize: 4,
      connectTimeoutMs: 10_000,
      freeTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      idleInTransactionTimeoutMs: 10_000,
    },
    () => {},
  )
  t.teardown(() => pool.end())
  /** One instance, whose renewals the test begins. */
  const instance = (view: number) => {
    const protocol = createProtocol({
      store: new PostgresStore({
        pool,
        viewPool: pool,
        viewTimeoutMs: 10_000,
        availability: new Availability(),
        view,
      }),
      handovers: new PostgresHandover(pool, view),
      cache: emptyRedis(`redis${view}`),
      codec: SIM_CODEC,
      clock: SYSTEM_CLOCK,
      observer: IDLE,
      times: { leaseMs: 400, renewMs: 100, offWaitMs: 520, fenceTimeoutMs: 150 },
      databaseName: 'test',
      readWaitMs: 10_000,
      nearCacheBytes: 0,
      writeSlots: new WriteSlots(1, SYSTEM_CLOCK),
      serveUnverified: false,
      alwaysCold: view > 0,
    })
    t.teardown(() => protocol.supervisor.stop())
    return protocol
  }
  const rows = async () => {
    const { rows } = await pool.query('SELECT id, mode, drained, reason FROM cache_view ORDER BY id')
    return new Map<number, { mode: string; drained: boolean; reason: string }>(rows.map(row => [row.id, row]))
  }
  return { pool, instance, rows, ten: () => pool.query(TEN_SECONDS_LATER) }
}

const TEN_SECONDS_LATER = `UPDATE cache_view SET changed_at = changed_at - interval '10 seconds'`

t.test('instances with one Redis and instances with a cluster never both answer from it', async t => {
  const { pool, instance, rows, ten } = await start(t)
  const single = instance(0)
  const cluster = instance(PARTITION)
  const isOn = async (view: number) => (await rows()).get(view)?.mode === 'ON'
  const renewUntil = (what: string, { supervisor }: typeof single, condition: () => Promise<boolean>) =>
    eventually(what, async () => {
      await supervisor.renewOnce()
      return condition()
    })
  const write = (through: typeof single, value: number) =>
    through.writer.write(
      [REF],
      () => ({ result: undefined, changes: [{ ref: REF, data: `{"value":"${value}"}`, changes: '[]' }] }),
      { updatedBy: 'test', reason: 'put' },
    )

  await renewUntil('one Redis is in use', single, () => isOn(0))
  t.equal((await rows()).size, 1, 'without a cluster there is one row')

  await cluster.supervisor.renewOnce()
  await cluster.supervisor.renewOnce()
  t.equal((await rows()).size, 65)
  t.notOk(await isOn(PARTITION), 'its gate stays closed')
  t.equal(await drawNumbers(pool, { userId: 'u', day: '20260106', wanted: 1 }), null, 'numbers ascend')
  await write(cluster, 1)
  t.match((await rows()).get(0), { mode: 'OFF', drained: true, reason: 'other-layout' }, 'a write ends it')
  t.match(await single.reader.read([{ ref: REF, part: 0 }]), { versions: [1] })

  await cluster.supervisor.renewOnce()
  t.notOk(await isOn(PARTITION), 'two that live do not take turns all the time')
  await ten()
  await renewUntil('the cluster is in use', cluster, () => isOn(PARTITION))
  await single.supervisor.renewOnce()
  t.notOk(await isOn(0))
  await write(single, 2)
  t.match((await rows()).get(PARTITION), { mode: 'OFF', drained: true, reason: 'other-layout' })

  await ten()
  await renewUntil('one Redis is in use again', single, () => isOn(0))
  await ten()
  await renewUntil('a gate ends a layout that was left ON', cluster, async () => !(await isOn(0)))
  await ten()
  await renewUntil('and opens later', cluster, () => isOn(PARTITION))
})
