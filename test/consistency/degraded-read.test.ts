import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'
import t from 'tap'
import { Batch, type Statement } from '../../src/store/batch.ts'
import { createDatabase, startPostgres, startRedis } from '../helper/backends.ts'
import {
  eventually,
  PRODUCTION_TIMES,
  startGateway,
  startStack,
  type TestGateway,
} from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** Reads without Redis: what the process holds, when PostgreSQL says that it still stands. */

const SCALP = '/api/futures/ginie/modes/scalp'
const SWING = '/api/futures/ginie/modes/swing'
const MODES = '/api/futures/ginie/modes'
const DECISION = '/api/futures/ginie/decision-settings'
const DEFAULTS = '/api/admin/defaults'
const DEGRADED = 'settings-gateway; fwd=bypass; detail=degraded'
const UNVERIFIED = 'settings-gateway; hit; detail=unverified'
const runOne = Batch.runOne
const WITHOUT_REDIS = { REDIS_URL: '', REDIS_HOST: '' }

const put = (gateway: TestGateway, url: string, min: number) =>
  gateway.as('42', { method: 'PUT', url, payload: { confidence: { min_confidence: min } } })

/** A statement of the Follower. One that asks for documents is the list of the kinds that it has brought out of the database. */
const CHANGES = 'what has changed?'

/** The statements of reads. */
function statementsOf({ services: { pool } }: TestGateway, lineMs = 0): (typeof CHANGES | string[])[] {
  const statements: (typeof CHANGES | string[])[] = []
  t.intercept(Batch, 'runOne', {
    value: async (of: Pool, statement: Statement) => {
      const answer = await runOne(of, statement)
      if (lineMs > 0) await setTimeout(lineMs)
      if (of === pool && statement.name === 'select-recent-changes') statements.push(CHANGES)
      if (of === pool && statement.name === 'select-changed-documents')
        statements.push(answer.rows.flatMap(({ kind }) => (kind as string | null) ?? []).sort())
      return answer
    },
  })
  return statements
}

t.test('only documents that have changed come out of the database', async t => {
  // A server of its own: a transaction of another test that stays open would end what is followed.
  const { url: DATABASE_URL } = await startPostgres(t)
  const gateway = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL, ...WITHOUT_REDIS })
  const other = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL, ...WITHOUT_REDIS })
  const read = async (url: string, headers = {}) => {
    const reply = await gateway.as('42', { url, headers })
    t.equal(reply.headers['cache-status'], DEGRADED)
    return reply
  }
  await read(DECISION)
  const first = await read(DECISION)
  const statements = statementsOf(gateway)
  const second = await read(DECISION)
  t.equal(second.body, first.body)
  t.equal(second.headers.etag, first.headers.etag)
  t.equal((await read(DECISION, { 'if-none-match': String(first.headers.etag) })).statusCode, 304)
  t.match((await read(SCALP)).json(), { data: { confidence: {} } })
  t.match((await read(MODES)).json(), { scalp: { data: {} }, ultra: { data: {} } })
  t.strictSame(statements.splice(0), [CHANGES, CHANGES, [], []], 'the bundle holds what the others ask for')

  const { version } = (await put(other, SCALP, 51)).json()
  const changed = await read(DECISION)
  t.match(changed.json().modes.scalp, { version, data: { confidence: { min_confidence: 51 } } })
  t.strictSame(changed.json().modes.swing, first.json().modes.swing)
  t.not(changed.headers.etag, first.headers.etag)
  t.strictSame(statements.splice(0), [CHANGES, ['mode.scalp']], 'what another instance wrote')
  t.equal((await read(DECISION)).body, changed.body)
  t.match((await read(SCALP)).json(), { version })
  t.strictSame(statements.splice(0), [CHANGES, ['mode.scalp']], 'each read is kept by itself')

  await put(gateway, SWING, 52)
  await put(gateway, SCALP, 53)
  statements.splice(0)
  const both = (await read(MODES)).json()
  t.equal(both.swing.data.confidence.min_confidence, 52)
  t.equal(both.scalp.data.confidence.min_confidence, 53)
  t.strictSame(statements.splice(0), [['mode.scalp', 'mode.swing']])
})

t.test('what other routes read is told of a change as well', async t => {
  const DATABASE_URL = await createDatabase(t)
  const gateway = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL, ...WITHOUT_REDIS })
  const other = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL, ...WITHOUT_REDIS })
  const dryRun = {
    method: 'PUT',
    url: `${SCALP}?dry_run=true`,
    payload: { confidence: { min_confidence: 60 } },
  } as const
  const readDefaults = async () => (await gateway.as('7', { url: DEFAULTS, headers: ADMIN })).json()
  for (const value of [51, 52, 53]) {
    for (const _ of [1, 2, 3]) await Promise.all([gateway.as('42', dryRun), readDefaults()])
    await put(other, SCALP, value)
    t.match((await gateway.as('42', dryRun)).json(), { changes: [{ current: value }] })
    const payload = { global_trading: { max_usd_allocation: value } }
    await other.as('7', { method: 'PUT', url: DEFAULTS, payload, headers: ADMIN })
    t.match(await readDefaults(), { data: payload })
  }
})

t.test('304 without a byte, also when nothing is held', async t => {
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: await createDatabase(t),
    NEAR_CACHE_BYTES: '0',
    ...WITHOUT_REDIS,
  })
  for (const url of [SCALP, DECISION]) {
    const { headers, body } = await gateway.as('42', { url })
    const statements = statementsOf(gateway)
    const known = { 'if-none-match': String(headers.etag) }
    t.equal((await gateway.as('42', { url, headers: known })).statusCode, 304)
    t.strictSame(statements.splice(0), [[]], url)
    t.equal((await gateway.as('42', { url })).body, body)
  }
  const { etag } = (await gateway.as('42', { url: DECISION })).headers
  await put(gateway, SCALP, 51)
  const reply = await gateway.as('42', { url: DECISION, headers: { 'if-none-match': String(etag) } })
  t.equal(reply.statusCode, 200)
  t.equal(reply.json().modes.scalp.data.confidence.min_confidence, 51, 'all of one moment')
})

t.test('what Redis has answered is still good when it has gone; users who go are gone', async t => {
  const { gateway, redis } = await startStack(t, PRODUCTION_TIMES)
  await eventually('it is a hit', async () => {
    const reply = await gateway.as('42', { url: DECISION })
    return reply.headers['cache-status'] === 'settings-gateway; hit'
  })
  const before = await gateway.as('42', { url: DECISION })
  await redis.kill()
  const statements = statementsOf(gateway)
  const after = await gateway.as('42', { url: DECISION })
  t.equal(after.headers['cache-status'], DEGRADED)
  t.equal(after.body, before.body)
  t.strictSame(statements.splice(0), [[]])
  await gateway.services.users.deleteUser('admin:1', '42')
  const fresh = await gateway.as('42', { url: DECISION })
  t.ok(fresh.json().modes.scalp.version > before.json().modes.scalp.version, 'created again')
  t.equal((await gateway.as('42', { url: DECISION })).body, fresh.body)
})

t.test('the database begins a new incarnation: nothing that is held counts', async t => {
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: (await startPostgres(t)).url,
    ...WITHOUT_REDIS,
  })
  const { pool } = gateway.services
  const { body } = await gateway.as('42', { url: MODES })
  await pool.query(`SELECT begin_incarnation(id, 'database-set-back', 0) FROM database_incarnation`)
  const statements = statementsOf(gateway)
  t.equal((await gateway.as('42', { url: MODES })).body, body)
  const kinds = ['mode.scalp', 'mode.swing', 'mode.position', 'mode.ultra'].sort()
  t.strictSame(statements.splice(0), [CHANGES, [], kinds])
  t.equal((await gateway.as('42', { url: MODES })).body, body)
  t.strictSame(statements, [CHANGES])
})

t.test('many readers share a statement', async t => {
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: await createDatabase(t),
    ...WITHOUT_REDIS,
  })
  const users = Array.from({ length: 8 }, (_, index) => `user-${index}`)
  for (const user of users) await gateway.as(user, { url: DECISION })
  // Over a line on which a statement takes longer than the next readers need to arrive.
  const statements = statementsOf(gateway, 20)
  const readers = users.flatMap(user => Array.from({ length: 20 }, () => user))
  const replies = await Promise.all(readers.map(user => gateway.as(user, { url: DECISION })))
  for (const [index, reply] of replies.entries()) t.equal(reply.json().user_id, readers[index])
  // How many depends on the machine: behind a statement that is slow there another one begins (waiting-reads.test.ts).
  t.ok(statements.length < readers.length / 2, `${statements.length} statements`)
})

t.test('PostgreSQL and Redis are away, after the view has changed: what is held is served', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  const read = (url: string) => gateway.as('42', { url })
  const isHit = async (url: string) => (await read(url)).headers['cache-status'] === 'settings-gateway; hit'
  await eventually('the bundle is a hit', () => isHit(DECISION))
  // Another epoch: what was kept before is of an older view.
  await gateway.services.pool.query(`SELECT turn_view_off(epoch, 'by-hand') FROM cache_view`)
  await eventually('the view is OFF', async () => (await read(SCALP)).headers['cache-status'] === DEGRADED)
  await put(gateway, SCALP, 51)
  t.equal((await read(SCALP)).json().data.confidence.min_confidence, 51)
  await eventually('hits resume', () => isHit(SWING))
  redis.freeze()
  t.teardown(() => redis.thaw())
  await postgres.kill()
  for (const url of [SCALP, SWING, DECISION, MODES]) {
    const reply = await read(url)
    t.equal(reply.statusCode, 200, url)
    t.equal(reply.headers['cache-status'], UNVERIFIED, url)
  }
  t.equal((await read(SCALP)).json().data.confidence.min_confidence, 51, 'the newest of one document')
})
