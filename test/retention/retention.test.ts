import t from 'tap'
import { startGateway, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const put = (min: number) => ({
  method: 'PUT' as const,
  url: SCALP,
  payload: { confidence: { min_confidence: min } },
})

t.test(
  'a version goes when it is beyond both limits, the newest never, and a rollback to it is 410',
  async t => {
    const { gateway } = await startStack(t, { HISTORY_KEEP_VERSIONS: '3', HISTORY_KEEP_DAYS: '30' })
    const { pool, retention } = gateway.services
    for (let min = 41; min <= 49; min++) t.equal((await gateway.as('42', put(min))).statusCode, 200)
    const versions = async () =>
      (await gateway.as('42', { url: `${SCALP}/history?limit=100` }))

        .json()
        .map(({ version }: { version: number }) => version)
    const all = await versions()
    t.equal(all.length, 10)
    await retention.round()
    t.strictSame(await versions(), all, 'nothing is old enough')
    // Versions 1 to 5, and all of another document, are old.
    await pool.query(
      `UPDATE document_history SET updated_at = updated_at - interval '31 days'
     WHERE kind <> 'mode.scalp' OR version <= 5`,
    )
    await retention.round()
    t.strictSame(await versions(), [10, 9, 8, 7, 6])
    await pool.query(`UPDATE document_history SET updated_at = updated_at - interval '31 days'`)
    await retention.round()
    t.strictSame(await versions(), [10, 9, 8], 'as many as are kept, however old they are')
    const { rows } = await pool.query(
      `SELECT count(*)::int AS count FROM documents d WHERE data IS NOT NULL AND NOT EXISTS (
       SELECT FROM document_history h WHERE h.user_id = d.user_id AND h.kind = d.kind AND h.version = d.version)`,
    )
    t.equal(rows[0].count, 0, 'the newest version of each document is there')
    const rollback = async (version: number) =>
      (await gateway.as('42', { method: 'POST', url: `${SCALP}/rollback`, payload: { version } })).json()
    t.match(await rollback(1), { status: 410, code: 'HISTORY_PRUNED' })
    t.match(await rollback(7), { status: 410, code: 'HISTORY_PRUNED' })
    t.match(await rollback(11), { status: 404, code: 'VERSION_NOT_FOUND' })
    t.match(await rollback(8), { version: 11 })
    const { body } = await gateway.as('42', { url: '/metrics' })
    t.match(body, /^retention_removed_rows_total\{task="history"\} 7$/m)
    t.match(body, /^stored_bytes\{table="document_history"\} [1-9]/m)
  },
)

t.test('many documents and versions go in small steps', async t => {
  const { gateway } = await startStack(t, { HISTORY_KEEP_VERSIONS: '1', HISTORY_KEEP_DAYS: '1' })
  const { pool, retention } = gateway.services
  await gateway.as('42', put(41))
  // As a gateway writes them.
  const client = await pool.connect()
  await client.query(`SELECT set_config('gateway.writer', 'on', false)`)
  await client.query(
    `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
     SELECT 'u' || n, 'mode.scalp', 3, '{}', now(), 'test', pg_current_xact_id() FROM generate_series(1, 700) n`,
  )
  await client.query(`SELECT set_config('gateway.writer', 'off', false)`)
  client.release()
  await pool.query(
    `INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
     SELECT user_id, kind, v, '{}', now() - interval '2 days', 'test', 'put', '[]'
     FROM documents, generate_series(1, 3) v WHERE user_id LIKE 'u%'`,
  )
  await retention.round()
  const { rows } = await pool.query(
    `SELECT count(*)::int AS count, min(version)::int AS min FROM document_history WHERE user_id LIKE 'u%'`,
  )
  t.match(rows[0], { count: 700, min: 3 })
  const { body } = await gateway.as('42', { url: '/metrics' })
  const [, steps] = /^retention_steps_total\{task="history"\} (\d+)$/m.exec(body) ?? []
  t.ok(Number(steps) >= 5, `${steps} steps`)
})

t.test('days of order numbers and answers of Idempotency-Keys that are over go, others stay', async t => {
  const { gateway } = await startStack(t)
  const { pool, retention } = gateway.services
  const headers = { 'idempotency-key': 'a' }
  const first = (await gateway.as('42', { method: 'POST', url: '/api/user/sequence', headers })).json()
  await pool.query(
    `INSERT INTO sequences (user_id, day, high_water, block_size, reserved_at)
     SELECT '42', to_char(now() AT TIME ZONE 'UTC' - make_interval(days => n), 'YYYYMMDD'), 7, 16, now()
     FROM generate_series(1, 1200) n`,
  )
  await pool.query(
    `INSERT INTO sequence_replies (user_id, idempotency_key, wanted, reply, created_at)
     SELECT '42', 'old ' || n, 1, '{}', now() - interval '11 minutes' FROM generate_series(1, 1200) n`,
  )
  await retention.round()
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM sequences) AS days, (SELECT count(*)::int FROM sequence_replies) AS replies`,
  )
  t.strictSame(
    rows[0],
    { days: 5, replies: 1 },
    'today and the four days before, which a user may still have had',
  )
  const again = await gateway.as('42', { method: 'POST', url: '/api/user/sequence', headers })
  t.strictSame(again.json(), first)
})

t.test('one instance at a time; another takes over when it has ended', async t => {
  const { gateway, redis } = await startStack(t)
  const other = await startGateway(t, { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url })
  const steps = async (instance: typeof gateway) => {
    const { body } = await instance.as('42', { url: '/metrics' })
    return /^retention_steps_total/m.test(body)
  }
  await gateway.services.retention.round()
  await other.services.retention.round()
  t.ok(await steps(gateway))
  t.notOk(await steps(other))
  for (const ago of ["'20 minutes'", "'-20 minutes'"]) {
    await gateway.services.pool.query(`UPDATE retention SET seen_at = seen_at - interval ${ago}`)
    const [taker, late] = ago.includes('-') ? [gateway, other] : [other, gateway]
    await taker.services.retention.round()
    const { rows } = await gateway.services.pool.query('SELECT holder FROM retention')
    await late.services.retention.round()
    t.strictSame((await gateway.services.pool.query('SELECT holder FROM retention')).rows, rows, ago)
  }
  t.ok(await steps(other))
})
