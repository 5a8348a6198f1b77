import t from 'tap'
import { compareTwice } from './warm.ts'

const USERS = 300

t.test('comparisons with a warm cache ask no database and read no file', async t => {
  const { right, statements, reset } = await compareTwice(t, USERS)
  t.strictSame(right, [USERS, USERS])
  t.ok(statements[0].length > 0, 'the first time they are read from the database')
  t.strictSame(statements[1], [])
  t.equal(reset, 200, 'load-defaults needs no file either')
})
