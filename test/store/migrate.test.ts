import t from 'tap'
import { MigrationError, migrate } from '../../src/store/migrate.ts'
import { createDatabase, onServer, startPostgres } from '../helper/backends.ts'

t.test('migrations', async t => {
  const { url } = await startPostgres(t)
  await Promise.all([migrate(url), migrate(url), migrate(url)])
  const version = () =>
    onServer(
      url,
      async client => (await client.query('SELECT max(version) AS v FROM schema_version')).rows[0].v,
    )
  const before = await version()
  await migrate(url)
  t.equal(await version(), before, 'a second run changes nothing')
  await onServer(url, client =>
    client.query(`INSERT INTO schema_version (version, name, run_at) VALUES (9999, 'newer', now())`),
  )
  await t.rejects(
    migrate(url),
    { name: MigrationError.name, message: /has migration 9999, this gateway knows \d+: it is older/ },
    'a database of a newer gateway is refused',
  )
})

t.test('a database of a version that was never released is refused with what to do', async t => {
  for (const other of [`name = 'sequences'`, `md5 = 'of another text'`]) {
    const url = await createDatabase(t)
    await onServer(url, client => client.query(`UPDATE schema_version SET ${other} WHERE version = 2`))
    await t.rejects(migrate(url), {
      name: MigrationError.name,
      message:
        /^migration 2 \(".+"\) of the database differs from .+"cache-view".+ remove "postgres" and "redis-data"/,
    })
  }
})

t.test('documents are compressed with LZ4 where the server has it', async t => {
  const url = await createDatabase(t)
  await migrate(url)
  await onServer(url, async client => {
    const { rows } = await client.query(`
      SELECT attcompression AS compression,
        (SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression') AS has_lz4
      FROM pg_attribute WHERE attrelid IN ('documents'::regclass, 'document_history'::regclass) AND attname = 'data'`)
    t.equal(rows.length, 2)
    for (const { compression, has_lz4 } of rows) t.equal(compression, has_lz4 ? 'l' : '')
  })
})

t.test('instances that start at once, whatever isolation the role prefers', async t => {
  const { url } = await startPostgres(t)
  await onServer(url, client =>
    client.query(`ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'`),
  )
  const done = await Promise.all([migrate(url), migrate(url), migrate(url)])
  t.equal(done.filter(({ applied }) => applied > 0).length, 1)
})

t.test('a row changed by hand', async t => {
  const { url } = await startPostgres(t)
  await migrate(url)
  await onServer(url, async client => {
    await client.query(`INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
      VALUES ('7', 'settings', 1, '{}', now(), 'x', pg_current_xact_id())`)
    await client.query(`UPDATE cache_view SET mode = 'ON', epoch = 5`)
    await client.query(`UPDATE documents SET data = '{"a":1}' WHERE user_id = '7'`)
    const { rows } = await client.query(`SELECT version, updated_by FROM documents WHERE user_id = '7'`)
    t.match(rows[0], { version: '2', updated_by: 'sql:postgres' }, 'the version grows')
    const view = await client.query('SELECT mode, epoch, drained, reason FROM cache_view')
    t.match(
      view.rows[0],
      { mode: 'OFF', epoch: '6', drained: false, reason: 'manual-edit' },
      'the view is OFF',
    )
    const history = await client.query(`SELECT version, reason FROM document_history ORDER BY version`)
    t.match(history.rows, [
      { version: '1', reason: 'sql' },
      { version: '2', reason: 'sql' },
    ])
    await t.rejects(client.query('DELETE FROM documents'), /never removed/)
    await t.rejects(client.query('TRUNCATE documents'), /never removed/)
  })
})
