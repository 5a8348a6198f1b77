import t from 'tap'
import { createDatabase, onServer } from '../helper/backends.ts'
import { readOnPeriods, watchView } from './evidence.ts'
import type { Stack } from './stack.ts'

t.test('an edit of the view past the triggers ends a period in which it was ON', async t => {
  const url = await createDatabase(t)
  const stack = {
    sql: <T>(work: Parameters<typeof onServer<T>>[1]) => onServer(url, work),
  } as unknown as Stack
  const setMode = (mode: string) =>
    onServer(url, async client => {
      await client.query('SET session_replication_role = replica')
      await client.query('UPDATE cache_view SET mode = $1', [mode])
    })
  await watchView(stack)
  for (const mode of ['ON', 'OFF', 'ON', 'OFF']) {
    await setMode(mode)
    // Longer than the slack of the clocks on either side of a change.
    await onServer(url, client => client.query('SELECT pg_sleep(0.1)'))
  }
  const periods = await readOnPeriods(stack)
  t.equal(periods.length, 2)
  t.ok(periods.every(({ end }) => Number.isFinite(end)))
})
