import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import t from 'tap'
import { createDatabase, onServer, startPostgres, startRedis } from '../helper/backends.ts'
import { eventually, PRODUCTION_TIMES, redisOf, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'

// The system identifier and the timeline stay: a volume set back to a snapshot, a branch of Neon.
t.test('a database that was set back under its gateway', async t => {
  const [postgres, redis] = await Promise.all([startPostgres(t), startRedis(t)])
  const gateway = await startGateway(t, {
    ...PRODUCTION_TIMES,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
  })
  const get = (headers = {}) => gateway.as('42', { url: SCALP, headers })
  const put = (confidence: number) =>
    gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: confidence } } })
  const stored = async (confidence: number) => {
    let version = 0
    await eventually('it is stored', async () => {
      const reply = await put(confidence)
      version = reply.json().version
      return reply.statusCode === 200
    })
    return version
  }
  const hit = () => eventually('it is a hit', async () => (await get()).headers['cache-status'] === HIT)
  const before = await stored(50)
  await hit()
  await postgres.stop()
  // With its owner: PostgreSQL insists on it.
  execFileSync('cp', ['-a', postgres.dataDir, `${postgres.dataDir}.copy`])
  await postgres.restart()
  for (let confidence = 51; confidence < 56; confidence++) await stored(confidence)
  await hit()
  const lost = (await get()).headers.etag as string
  const epoch = (await gateway.as('42', { url: '/health' })).json().cache.epoch
  const client = redisOf(gateway)
  const marker = async () => Number((await client.get('gateway:marker'))?.split(' ')[0])
  const last = await onServer(postgres.url, async db =>
    Number((await db.query('SELECT max(changed_xid)::text AS xid FROM documents')).rows[0].xid),
  )
  await eventually('the marker is behind the last change', async () => (await marker()) > last)

  await postgres.stop()
  renameSync(postgres.dataDir, `${postgres.dataDir}.lost`)
  renameSync(`${postgres.dataDir}.copy`, postgres.dataDir)
  await postgres.restart()

  const version = await stored(70)
  t.ok(version > 1e15 && Number.isSafeInteger(version), `a version that never was: ${version}`)
  t.ok(version > before)
  await hit()
  const now = await get({ 'if-none-match': lost })
  t.equal(now.statusCode, 200, 'the tag of the time that was lost is no 304')
  t.equal(now.json().data.confidence.min_confidence, 70)
  t.equal(await stored(71), version + 1)
  const { rows } = await onServer(postgres.url, db =>
    db.query('SELECT number, reason FROM database_incarnation'),
  )
  t.strictSame(rows, [{ number: 2, reason: 'database-set-back' }])
  const health = (await gateway.as('42', { url: '/health' })).json()
  t.ok(health.cache.epoch > 1 && health.cache.mode === 'on', `epoch ${epoch}, then ${health.cache.epoch}`)
})

// For those who cannot wait for the gateways: docs/postgresql.md, "Restoring safely".
t.test('an operator begins an incarnation by hand', async t => {
  const [url, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const gateway = await startGateway(t, { ...PRODUCTION_TIMES, DATABASE_URL: url, REDIS_URL: redis.url })
  const get = () => gateway.as('42', { url: SCALP })
  const hit = () => eventually('it is a hit', async () => (await get()).headers['cache-status'] === HIT)
  await hit()
  await onServer(url, async db => {
    await db.query("SELECT begin_incarnation(id, 'database-set-back', 0) FROM database_incarnation")
    await db.query(`UPDATE documents SET data = data || '{"note":"by hand"}' WHERE user_id = '42'`)
  })
  await eventually(
    'its versions are those of the new incarnation',
    async () => (await get()).json().version > 1e15,
  )
  await hit()
})
