import t, { type Test } from 'tap'
import { createDatabase, startRedis } from '../helper/backends.ts'
import {
  eventually,
  JWT_SECRET,
  REDIS_OUTAGE,
  SERVICE_TOKEN,
  startGateway,
  type TestGateway,
} from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const CONTENT = 'UnmistakableContent'
const PASSWORD = 'UnmistakablePassword'

interface Line {
  readonly level: number
  readonly msg: string
  readonly [name: string]: unknown
}

/** A gateway with all it logs, at the level that says most. */
async function startLogged(t: Test) {
  const [databaseUrl, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  let text = ''
  const logStream = {
    write(line: string) {
      text += line
    },
  }
  const gateway = await startGateway(
    t,
    {
      ...REDIS_OUTAGE,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'trace',
    },
    { logStream },
  )
  await eventually('it answers from Redis', () => holdsLease(gateway))
  const lines = () =>
    text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Line)
  return { gateway, redis, text: () => text, lines }
}

async function holdsLease(gateway: TestGateway): Promise<boolean> {
  return (await gateway.as('42', { url: '/health' })).json().status === 'healthy'
}

t.test('no token, password or content of a document is logged, whatever fails', async t => {
  const { gateway, text, lines } = await startLogged(t)
  const user = bearer('42')
  const write = (payload: object | string, headers: object = user) =>
    gateway.app.inject({
      method: 'PUT',
      url: SCALP,
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    })
  await write({ notes: CONTENT })
  await write({ confidence: { min_confidence: CONTENT } })
  await write(`{"confidence": "${CONTENT}`)
  await write({ confidence: { min_confidence: 41 } }, { ...user, 'if-match': '"7"' })
  await write({ [CONTENT]: 1 }, { authorization: `Bearer ${user.authorization.slice(7)}x` })
  await write({}, { authorization: `Basic ${PASSWORD}` })
  await write({}, { authorization: `Bearer ${PASSWORD}`, 'x-user-id': CONTENT.repeat(20) })
  await gateway.app.inject({ url: `/api/nothing?token=${PASSWORD}`, headers: ADMIN })
  await gateway.as('42', { method: 'PUT', url: '/api/binance/orders', payload: { note: CONTENT } })
  const { pool } = gateway.services
  // PostgreSQL quotes the row that breaks a constraint.
  await pool.query(`ALTER TABLE documents ADD CHECK (version < 2) NOT VALID`)
  t.equal((await write({ confidence: { min_confidence: 43 } })).statusCode, 500)
  await pool.query('ALTER TABLE documents RENAME TO hidden')
  t.equal((await write({ confidence: { min_confidence: 44 } })).statusCode, 500)

  const errors = lines().filter(({ level }) => level >= 50)
  t.equal(errors.length, 2, 'one line each')
  for (const line of errors)
    t.match(line, {
      reqId: String,
      route: SCALP.replace('scalp', ':mode'),
      user: '42',
      code: 'INTERNAL_ERROR',
    })
  t.ok(lines().length > 10, 'what fails is told at this level')
  const secrets = {
    'the service token': SERVICE_TOKEN,
    'the signing key': JWT_SECRET,
    'the password of the database': new URL(gateway.databaseUrl).password,
    'a password in a request': PASSWORD,
    'the token of a user': user.authorization.slice(7),
    'the token of an admin': ADMIN.authorization.slice(7),
    'a part of any JWT': 'eyJ',
    'what documents hold': CONTENT,
    'a row': 'Failing row',
  }
  for (const [what, secret] of Object.entries(secrets)) t.notOk(text().includes(secret), what)
})

t.test('one line for each transition of the breaker and of the view', async t => {
  const { gateway, redis, lines } = await startLogged(t)
  const transitions = () =>
    lines().flatMap(({ msg }) => /circuit breaker \w+|view was turned \w+/.exec(msg)?.[0] ?? [])
  const before = transitions().length
  await redis.kill()
  const put = (min: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: min } } })
  await eventually('the breaker opens, the view is OFF', async () => {
    await put(41)
    await gateway.as('42', { url: SCALP })
    return transitions().length >= before + 2
  })
  for (let min = 50; min < 60; min++) await Promise.all([put(min), gateway.as('42', { url: SCALP })])
  await redis.restart()
  await eventually('the cache is trusted again', () => holdsLease(gateway))
  const seen = transitions().slice(before).sort()
  t.strictSame(seen, [
    'circuit breaker closed',
    'circuit breaker opened',
    'view was turned OFF',
    'view was turned ON',
  ])
})
