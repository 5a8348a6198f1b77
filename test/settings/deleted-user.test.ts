import t, { type Test } from 'tap'
import { startGateway, startStack, type TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'
const ROUNDS = 5

interface Seen {
  readonly status: number
  /** 0 when there is no document. */
  readonly version: number
  readonly leverage: number | undefined
}

async function read(gateway: TestGateway, url: string): Promise<Seen> {
  const reply = await gateway.as('42', { url })
  const body = reply.json()
  const { version = 0, data } = (url === DECISION ? body.modes?.scalp : body) ?? {}
  return { status: reply.statusCode, version, leverage: data?.size.leverage }
}

/** Reads through all gateways without a pause until told to stop. */
function readers(gateways: readonly TestGateway[]) {
  let stopped = false
  let collecting = false
  let began = 0
  const after: Seen[] = []
  const done = Promise.all(
    gateways.flatMap(gateway =>
      [SCALP, DECISION].map(async url => {
        while (!stopped) {
          const counts = collecting
          const seen = await read(gateway, url)
          began++
          if (counts) after.push(seen)
        }
      }),
    ),
  )
  return {
    /** Reads that begin from now on are kept. */
    collect: () => {
      collecting = true
    },
    /** Reads answered so far. */
    count: () => began,
    stop: async () => {
      stopped = true
      await done
      return after
    },
  }
}

const admin = (gateway: TestGateway, method: 'POST' | 'DELETE', url: string, payload?: object) =>
  gateway.app.inject({ method, url, headers: ADMIN, ...(payload === undefined ? {} : { payload }) })

/** Resolves when the readers have answered as many reads more. */
async function more(reading: ReturnType<typeof readers>, reads: number): Promise<void> {
  const goal = reading.count() + reads
  while (reading.count() < goal) await new Promise(resolve => setTimeout(resolve, 5))
}

async function twoGateways(t: Test, env: Record<string, string>): Promise<TestGateway[]> {
  const { gateway, redis } = await startStack(t, env)
  const other = await startGateway(t, {
    DATABASE_URL: gateway.databaseUrl,
    REDIS_URL: redis.url,
    ...env,
  })
  return [gateway, other]
}

t.test('a user deleted while others read: nothing old afterwards, and versions go on', async t => {
  const gateways = await twoGateways(t, {})
  const [gateway, other] = gateways as [TestGateway, TestGateway]
  for (let round = 0; round < ROUNDS; round++) {
    const put = await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
    const { version } = put.json()
    const reading = readers(gateways)
    await more(reading, 8)
    t.equal((await admin(other, 'DELETE', '/api/users/42')).statusCode, 204)
    reading.collect()
    await more(reading, 12)
    const seen = await reading.stop()
    // Deleted is one version, created again by the first read another one.
    t.strictSame(
      seen.filter(each => each.status !== 200 || each.leverage !== 10 || each.version !== version + 2),
      [],
      `${seen.length} reads after the DELETE`,
    )
    t.ok(seen.length > 0)
  }
})

t.test('the same without AUTO_PROVISION: 404 until the user is created again', async t => {
  const gateways = await twoGateways(t, { AUTO_PROVISION: 'false' })
  const [gateway, other] = gateways as [TestGateway, TestGateway]
  const create = () => admin(other, 'POST', '/api/users', { user_id: '42' })
  t.equal((await create()).statusCode, 201)
  for (let round = 0; round < ROUNDS; round++) {
    const put = await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })
    const { version } = put.json()
    const reading = readers(gateways)
    await more(reading, 8)
    t.equal((await admin(gateway, 'DELETE', '/api/users/42')).statusCode, 204)
    reading.collect()
    await more(reading, 12)
    const gone = await reading.stop()
    t.strictSame(
      gone.filter(({ status }) => status !== 404),
      [],
      `${gone.length} reads after the DELETE`,
    )
    t.equal((await create()).statusCode, 201)
    for (const each of gateways) {
      t.match(await read(each, SCALP), { status: 200, leverage: 10, version: version + 2 })
    }
  }
})
