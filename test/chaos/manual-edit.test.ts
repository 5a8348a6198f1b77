import t from 'tap'
import { onServer } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, startStack } from '../helper/gateway.ts'

const URL = '/api/futures/ginie/modes/scalp'

t.test('an edit by hand in SQL turns the view OFF and is seen', async t => {
  const { gateway } = await startStack(t, REDIS_OUTAGE)
  const read = () => gateway.as('42', { url: URL })
  await read()
  const before = await read()
  t.equal(before.headers['cache-status'], 'settings-gateway; hit')
  const { epoch } = (await gateway.services.status.health()).cache
  await onServer(gateway.databaseUrl, async client => {
    await client.query(
      `UPDATE documents SET data = jsonb_set(data, '{confidence,min_confidence}', '77')
       WHERE user_id = '42' AND kind = 'mode.scalp'`,
    )
    const { rows } = await client.query('SELECT mode, epoch, reason FROM cache_view')
    t.match(rows[0], { mode: 'OFF', reason: 'manual-edit' })
    t.ok(Number(rows[0].epoch) > epoch)
  })
  await eventually('the edit is seen', async () => {
    return (await read()).json().data.confidence.min_confidence === 77
  })
  await eventually('it is a hit again', async () => {
    const reply = await read()
    t.equal(reply.json().data.confidence.min_confidence, 77, 'and stays seen')
    t.equal(reply.json().version, before.json().version + 1)
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
  const { json } = await gateway.as('42', { url: `${URL}/history?limit=1` })
  t.match(json(), [{ reason: 'sql', updated_by: /^sql:/ }])
})
