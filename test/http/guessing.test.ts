import t from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { startGateway } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const MAX = 3

t.test('guesses of tokens are limited per remote address', async t => {
  const gateway = await startGateway(t, {
    DATABASE_URL: await createDatabase(t),
    AUTH_FAILURES_MAX: String(MAX),
    TRUST_PROXY: '10.0.0.0/8',
  })
  const ask = async (remoteAddress: string, headers: object) =>
    gateway.app.inject({ url: SCALP, remoteAddress, headers: { ...headers } })
  const guess = (remoteAddress: string, headers: object = {}) =>
    ask(remoteAddress, { authorization: `Bearer ${Math.random()}`, ...headers })
  const known = bearer('42')
  t.equal((await ask('192.0.2.1', known)).statusCode, 200)

  for (let i = 0; i < MAX; i++) t.equal((await guess('192.0.2.1')).statusCode, 401)
  const limited = await guess('192.0.2.1')
  t.equal(limited.statusCode, 429)
  t.match(limited.json(), { code: 'RATE_LIMITED' })
  t.match(limited.headers['retry-after'], /^[1-9]\d?$/)
  t.equal((await ask('192.0.2.1', bearer('43'))).statusCode, 429, 'not even a right guess is told')
  t.equal((await ask('192.0.2.1', known)).statusCode, 200, 'who was let in before is let in still')
  t.equal((await ask('192.0.2.2', bearer('43'))).statusCode, 200, 'another address is another caller')

  for (let i = 0; i < MAX; i++) t.equal((await guess(`2001:db8:0:1::${i}`)).statusCode, 401)
  t.equal(
    (await guess('2001:db8:0:1:ffff::9')).statusCode,
    429,
    'another address of the same /64 is the same guesser',
  )
  t.equal((await guess('2001:db8:0:2::9')).statusCode, 401, 'another network is not')
  for (let i = 0; i < MAX; i++) t.equal((await guess(`::ffff:192.0.2.${i}`)).statusCode, i === 1 ? 429 : 401)

  // One after the other: what is asked at once is looked at at once.
  const spoofed: number[] = []
  for (let i = 0; i <= MAX; i++)
    spoofed.push((await guess('192.0.2.3', { 'x-forwarded-for': `198.51.100.${i}` })).statusCode)
  t.strictSame(spoofed, [401, 401, 401, 429], 'nobody but a trusted proxy names another address')
  const forwarded = { 'x-forwarded-for': '203.0.113.1, 198.51.100.9' }
  for (let i = 0; i < MAX; i++) t.equal((await guess('10.0.0.1', forwarded)).statusCode, 401)
  t.equal((await guess('10.0.0.1', forwarded)).statusCode, 429, 'the proxy names who is limited')
  const other = { 'x-forwarded-for': '203.0.113.1, 198.51.100.10' }
  t.equal((await guess('10.0.0.1', other)).statusCode, 401, 'and the others behind it are not')
})

t.test('requests without a token, and right ones, count for nothing', async t => {
  const gateway = await startGateway(t, { DATABASE_URL: await createDatabase(t), AUTH_FAILURES_MAX: '1' })
  const { app } = gateway
  for (let i = 0; i < 3; i++) t.equal((await app.inject({ url: SCALP })).statusCode, 401)
  for (let i = 0; i < 3; i++)
    t.equal((await app.inject({ url: SCALP, headers: bearer(`u${i}`) })).statusCode, 200)
})
