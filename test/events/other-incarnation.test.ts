import pg from 'pg'
import t from 'tap'
import type { ChangePoint } from '../../src/events/change-point.ts'
import { Availability } from '../../src/store/availability.ts'
import { PostgresChangeLog } from '../../src/store/postgres-change-log.ts'
import { selectChangedSince } from '../../src/store/statements/documents.ts'
import { createDatabase } from '../helper/backends.ts'

// A dump of a busy server, restored into one that has given few transaction ids.
t.test('ids of transactions of another incarnation are no changes', async t => {
  const pool = new pg.Pool({ connectionString: await createDatabase(t) })
  // `end` does not wait for the connections, which the dropped database then ends.
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  const begin = (of: string) => pool.query('SELECT begin_incarnation($1, $2, 0)', [of, 'new-database'])
  await begin('')
  await pool.query(`
    INSERT INTO documents (user_id, kind, data) SELECT i::text, 'settings', '{}' FROM generate_series(1, 50) AS i`)
  await pool.query(`
    ALTER TABLE documents DISABLE TRIGGER USER;
    UPDATE documents SET changed_xid = '9000000000'::xid8;
    ALTER TABLE documents ENABLE ALWAYS TRIGGER changed_by_hand`)
  const { rows } = await pool.query('SELECT id FROM database_incarnation')
  await pool.query(`SELECT begin_incarnation($1, 'another-database', 0)`, [rows[0].id])

  const log = new PostgresChangeLog(pool, new Availability())
  const since = async (point?: ChangePoint) => {
    const answer = await log.since(point, 1_000)
    if (answer === 'not-yet') throw new Error('no lease was ever granted')
    return answer
  }
  const first = await since()
  for (let look = 0; look < 2; look++) t.strictSame((await since(first.point)).changes, [])
  t.strictSame(await log.documentsOf(['1']), [])
  t.strictSame(await selectChangedSince(pool, 1n, 1_000), [], 'nor are they at risk for a gate')

  await pool.query(`UPDATE documents SET data = '{"a":1}' WHERE user_id = '7'`)
  const { changes } = await since(first.point)
  t.match(changes, [{ userId: '7', document: 'settings' }])
  const [changed] = changes === 'too-many' ? [] : changes
  t.ok(changed!.version > 1e15, 'and the version is one that never was')
})
