import t from 'tap'
import { SHORT_LEASE, startStack } from '../helper/gateway.ts'
import { ask } from '../helper/request.ts'
import { bearer } from '../helper/tokens.ts'
import { DECISION, pastOf, SCALP, SWING } from './past.ts'

const { gateway } = await startStack(t, {
  ...SHORT_LEASE,
  HISTORY_KEEP_VERSIONS: '2',
  HISTORY_KEEP_DAYS: '9000',
})
const { pool, retention } = gateway.services
const { get, leverage, admin, setTime, setCreated } = pastOf(gateway)

t.test('what is no longer kept is 410, what never was 404', async t => {
  for (const value of [3, 4, 5, 6]) await leverage('pruned', value)
  await setCreated('pruned', '2001-01-01T00:00:00Z')
  for (const version of [2, 3, 4, 5]) await setTime('pruned', version, `2001-01-0${version}T00:00:00Z`)
  await retention.round()
  const code = async (query: string, url = SCALP) => {
    const { statusCode, body } = await get('pruned', `${url}?${query}`)
    return statusCode === 200 ? JSON.parse(body).version : `${statusCode} ${JSON.parse(body).code}`
  }
  for (const version of [1, 3]) t.equal(await code(`version=${version}`), '410 HISTORY_PRUNED')
  for (const version of [4, 5]) t.equal(await code(`version=${version}`), version)
  for (const version of [6, Number.MAX_SAFE_INTEGER])
    t.equal(await code(`version=${version}`), '404 VERSION_NOT_FOUND')
  t.equal(await code('at=2001-01-04T00:00:00Z'), 4)
  t.equal(await code('at=2001-01-03T12:00:00Z'), '410 HISTORY_PRUNED')
  t.equal(await code('at=2001-01-01T00:00:00Z'), '410 HISTORY_PRUNED')
  t.equal(await code('at=2000-12-31T23:59:59Z'), '404 VERSION_NOT_FOUND')
  t.equal(await code('at=2001-01-03T12:00:00Z', DECISION), '410 HISTORY_PRUNED')
  t.match(
    (await get('pruned', `${DECISION}?at=2001-01-03T12:00:00Z`)).json().detail,
    /^what mode\.scalp was at/,
  )
  // The clock was set back between two versions, and the newer one went.
  await setTime('pruned', 4, '2001-01-09T00:00:00Z')
  await pool.query(`UPDATE history_pruned SET version = 5 WHERE user_id = 'pruned'`)
  await pool.query(
    `DELETE FROM document_history WHERE user_id = 'pruned' AND kind = 'mode.scalp' AND version = 5`,
  )
  t.equal(await code('at=2001-02-01T00:00:00Z'), '410 HISTORY_PRUNED')
})

t.test('a deleted user takes the past along; one created again has only the new one', async t => {
  await leverage('gone', 3)
  const then = new Date().toISOString()
  const remove = () => admin({ method: 'DELETE', url: '/api/users/gone' })
  t.equal((await remove()).statusCode, 204)
  const code = async (query: string, url = SCALP) => (await get('gone', `${url}?${query}`)).json().code
  for (const query of ['version=1', 'version=2', `at=${then}`]) {
    t.equal(await code(query), 'USER_NOT_FOUND', query)
    t.equal((await ask(gateway.url, { url: `${SCALP}?${query}`, headers: bearer('gone') })).statusCode, 404)
  }
  t.equal(await code(`at=${then}`, DECISION), 'USER_NOT_FOUND')
  const { version, updated_at: at } = (await get('gone', SCALP)).json()
  t.equal(version, 4)
  for (const query of ['version=1', 'version=2', 'version=3', `at=${then}`])
    t.equal(await code(query), 'VERSION_NOT_FOUND', query)
  t.equal(await code(`at=${then}`, DECISION), 'VERSION_NOT_FOUND')
  for (const query of ['version=4', `at=${at}`])
    t.match((await get('gone', `${SCALP}?${query}`)).json(), { version: 4, data: { size: { leverage: 10 } } })
})

t.test('what an operator did by hand was as it was', async t => {
  await leverage('hand', 3)
  const live = '2001-02-01T00:00:00Z'
  await setCreated('hand', live)
  await setTime('hand', 2, live)
  await pool.query(`UPDATE documents SET data = NULL WHERE user_id = 'hand' AND kind = 'mode.scalp'`)
  await pool.query(`UPDATE documents SET data = '[1]' WHERE user_id = 'hand' AND kind = 'mode.swing'`)
  const at = new Date().toISOString()
  const code = async (url: string) => {
    const { statusCode, body } = await get('hand', url)
    return `${statusCode} ${JSON.parse(body).code ?? JSON.parse(body).version}`
  }
  t.equal(await code(`${SCALP}?version=3`), '404 VERSION_NOT_FOUND', 'deleted')
  t.equal(await code(`${SCALP}?version=2`), '200 2')
  t.equal(await code(`${SCALP}?at=${live}`), '200 2')
  t.equal(await code(`${SCALP}?at=${at}`), '404 VERSION_NOT_FOUND')
  t.equal(await code(`${DECISION}?at=${at}`), '404 VERSION_NOT_FOUND')
  t.equal(await code(`${SWING}?version=2`), '500 STORED_DOCUMENT_INVALID', 'as its GET answered')
  t.equal(await code(`${SWING}?version=1`), '200 1')
})
