import type { Redis } from 'ioredis'
import t from 'tap'
import { redisOf, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** All keys that SCAN finds. */
async function scanAll(client: Redis, pattern: string): Promise<string[]> {
  const found: string[] = []
  for await (const keys of client.scanStream({ match: pattern, count: 100 }))
    found.push(...(keys as string[]))
  return found
}

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('users', async t => {
  const { gateway } = await startStack(t)
  const admin = (options: object) => gateway.app.inject({ headers: ADMIN, ...options })
  const create = () => admin({ method: 'POST', url: '/api/users', payload: { user_id: '43' } })
  t.equal((await create()).statusCode, 201)
  t.equal((await create()).statusCode, 200)
  await gateway.as('43', { url: '/api/futures/ginie/decision-settings' })
  const client = redisOf(gateway)
  t.equal((await client.keys('user:43:*')).length, 15)
  await gateway.as('43', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
  const draw = () => gateway.as('43', { method: 'POST', url: '/api/user/sequence' })
  t.equal((await draw()).json().sequence, 1)
  await gateway.as('43', { method: 'PUT', url: '/api/binance/positions', payload: [] })
  const keysOfUser = () => scanAll(client, '*user:43:*')
  t.equal((await keysOfUser()).length, 16)
  t.equal((await admin({ method: 'DELETE', url: '/api/users/43' })).statusCode, 204)
  t.strictSame(await keysOfUser(), [], 'no key of the user is left')
  t.strictSame(await client.keys('binance:43:*'), [])
  for (const key of ['gateway:deleted:43', 'gateway:stamp:43']) {
    const ttl = await client.pttl(key)
    t.ok(ttl > 0 && ttl <= 600_000, `${key} expires`)
  }
  t.equal((await admin({ method: 'DELETE', url: '/api/users/43' })).statusCode, 404)
  const again = (await gateway.as('43', { url: SCALP })).json()
  t.match(again, { version: 4, data: { size: { leverage: 10 } } }, 'a new user, whose versions go on')
  t.match((await gateway.as('43', { url: `${SCALP}/history` })).json(), [{ version: 4, reason: 'provision' }])
  t.equal((await draw()).json().sequence, 2, 'order numbers go on')
  const inspection = (await admin({ url: '/api/admin/cache/43' })).json()
  const scalp = inspection.keys.find((key: { key: string }) => key.key === 'user:43:mode:scalp')
  t.match(scalp, { state: 'value', version_redis: 4, version_database: 4 })
  await client.flushall()
  t.equal((await admin({ method: 'POST', url: '/api/admin/cache/43/warm' })).statusCode, 200)
})

t.test('AUTO_PROVISION=false', async t => {
  const { gateway } = await startStack(t, { AUTO_PROVISION: 'false' })
  t.match((await gateway.as('44', { url: SCALP })).json(), { status: 404, code: 'USER_NOT_FOUND' })
  t.match((await gateway.as('44', { method: 'PUT', url: SCALP, payload: {} })).json(), {
    code: 'USER_NOT_FOUND',
  })
  t.equal(
    (
      await gateway.app.inject({
        method: 'POST',
        url: '/api/users',
        headers: ADMIN,
        payload: { user_id: '44' },
      })
    ).statusCode,
    201,
  )
  t.equal((await gateway.as('44', { url: SCALP })).statusCode, 200)
})
