import t from 'tap'
import { request } from 'undici'
import { DatabaseUnavailableError } from '../../src/consistency/ports.ts'
import { SERVICE, startStack, type TestGateway } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const CAROL = bearer('carol')
/** A browser's request is Fastify's. */
const ORIGIN = { origin: 'http://127.0.0.1' }

/** Over a socket: what is injected begins behind Fastify's door. */
async function get({ url }: TestGateway, headers: Record<string, string>) {
  const { statusCode, headers: all, body } = await request(`${url}${SCALP}`, { headers })
  await body.dump()
  return { status: statusCode, retryAfter: Number(all['retry-after']) }
}

async function statusesOf(gateway: TestGateway, headers: Record<string, string>, count: number) {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push((await get(gateway, headers)).status)
  return statuses
}

t.test('limits count every read once, wherever it is answered', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '6', RATE_LIMIT_WRITE_MAX: '6' })
  const confirms = t.capture(gateway.services.documents, 'confirm', gateway.services.documents.confirm)
  t.strictSame(await statusesOf(gateway, CAROL, 8), [200, 200, 200, 200, 200, 200, 429, 429])
  // The first one is verified behind, those over the limit are refused there.
  t.equal(confirms().length, 5)
  t.ok((await get(gateway, CAROL)).retryAfter > 0)
})

t.test('over the limit nothing is read, and nobody created, however many come at once', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '10', RATE_LIMIT_WRITE_MAX: '10' })
  const { documents, pool } = gateway.services
  await get(gateway, { ...SERVICE, ...ORIGIN, 'x-user-id': 'first' })
  const reads = t.capture(documents, 'get', documents.get)
  const users = Array.from({ length: 60 }, (_, i) => ({ ...SERVICE, 'x-user-id': `new-${i}` }))
  const replies = await Promise.all(users.map(user => get(gateway, user)))
  t.equal(replies.filter(({ status }) => status === 200).length, 9)
  t.equal(reads().length, 9)
  const { rows } = await pool.query("SELECT DISTINCT user_id FROM documents WHERE user_id LIKE 'new-%'")
  t.equal(rows.length, 9)
})

t.test('a read that fails in front counts once, and its time is that of its wait', async t => {
  const { gateway } = await startStack(t, { RATE_LIMIT_MAX: '6', RATE_LIMIT_WRITE_MAX: '6' })
  await get(gateway, CAROL)
  gateway.services.documents.confirm = () => false
  gateway.services.documents.get = async () => {
    await new Promise(resolve => setTimeout(resolve, 100))
    throw new DatabaseUnavailableError('away')
  }
  t.strictSame(await statusesOf(gateway, CAROL, 6), [503, 503, 503, 503, 503, 429])
  const { body } = await gateway.app.inject({ url: '/metrics' })
  const [, seconds] =
    /seconds_sum\{method="GET",route="[^"]*modes\/:mode",status="503"\} ([\d.]+)/.exec(body) ?? []
  t.ok(Number(seconds) > 0.45, `${seconds} s`)
})
