import pg from 'pg'
import t from 'tap'
import { FIRST, REF, startWriting } from './writing.ts'

/** An edit by hand that is open while a new incarnation of the database begins. */

const EDIT = `UPDATE documents SET data = '{"b":2}' WHERE user_id = '42'`
const BEGIN_ANOTHER = `SELECT begin_incarnation(id, 'database-set-back', 0) FROM database_incarnation`

for (const isolation of ['READ COMMITTED', 'REPEATABLE READ']) {
  t.test(`${isolation}: it is refused, and told when it runs again`, async t => {
    const { store, admin, url } = await startWriting(t, { direct: true })
    // In the time before any gateway has met this database, and later.
    for (const _ of ['no incarnation yet', 'the first one']) {
      const begun = await store.beginWrite([REF], 'wait')
      const previous = begun.rows[0]?.version ?? 0
      await begun.applyAndCommit([{ ...FIRST, previous, version: Math.max(previous + 1, begun.versionBase) }])
      const edit = new pg.Client(url)
      await edit.connect()
      t.teardown(() => edit.end())
      await edit.query(`BEGIN ISOLATION LEVEL ${isolation}`)
      await edit.query(EDIT)
      await admin.query(BEGIN_ANOTHER)
      const { oldestXid } = await store.readChangesSince(0n, 10)
      await t.rejects(edit.query('COMMIT'), { code: '40001' })
      t.strictSame((await store.readChangesSince(oldestXid, 10)).changed, [])

      await edit.query(EDIT)
      const [row] = (await store.readRows([REF])).rows
      t.strictSame((await store.readChangesSince(oldestXid, 10)).changed, [
        { ref: REF, version: row!.version },
      ])
    }
  })
}
