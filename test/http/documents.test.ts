import { createHash } from 'node:crypto'
import t from 'tap'
import { redisOf, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('a document is read, changed and read again', async t => {
  const { gateway, redis } = await startStack(t)
  const first = await gateway.as('42', { url: SCALP })
  t.equal(first.statusCode, 200)
  t.equal(first.headers.etag, '"1"')
  t.equal(first.headers['cache-control'], 'private, no-cache')
  t.match(first.json(), { version: 1, data: { enabled: true, confidence: { min_confidence: 40 } } })
  const put = await gateway.as('42', {
    method: 'PUT',
    url: SCALP,
    payload: { confidence: { min_confidence: 45 } },
  })
  t.equal(put.statusCode, 200)
  t.equal(put.headers.etag, '"2"')
  t.match(put.json(), { version: 2, data: { confidence: { min_confidence: 45, high_confidence: 75 } } })
  const second = await gateway.as('42', { url: SCALP })
  t.equal(second.body, put.body, 'the bytes of the write are those of the read')
  t.equal(second.headers['cache-status'], 'settings-gateway; hit')
  const stored = await redisOf(gateway).get('user:42:mode:scalp')
  t.equal(stored, put.body, 'and those in Redis')
  t.equal(await redisOf(gateway).ttl('user:42:mode:scalp'), -1)
  t.ok(redis.pid)
})

t.test('conditional requests', async t => {
  const { gateway } = await startStack(t)
  const get = (etag: string) => gateway.as('42', { url: SCALP, headers: { 'if-none-match': etag } })
  t.equal((await get('"1"')).statusCode, 304)
  t.equal((await get('W/"1"')).statusCode, 304)
  t.equal((await get('"7", "1"')).statusCode, 304)
  t.equal((await get('*')).statusCode, 304)
  t.equal((await get('"2"')).statusCode, 200)
  t.equal((await get('garbage')).statusCode, 200)
  const put = (etag: string, min: number) =>
    gateway.as('42', {
      method: 'PUT',
      url: SCALP,
      headers: { 'if-match': etag },
      payload: { confidence: { min_confidence: min } },
    })
  const refused = await put('"7"', 41)
  t.equal(refused.statusCode, 412)
  t.match(refused.json(), { code: 'VERSION_MISMATCH', current: { version: 1, data: { enabled: true } } })
  t.equal((await put('W/"1"', 41)).statusCode, 412, 'a weak tag never matches')
  t.equal((await put('garbage', 41)).statusCode, 400)
  t.equal((await put('"1"', 41)).json().version, 2)
  t.equal((await put('*', 42)).json().version, 3)
})

t.test('what changes nothing writes nothing, and a dry run writes nothing', async t => {
  const { gateway } = await startStack(t)
  const put = (payload: object, query = '') =>
    gateway.as('42', { method: 'PUT', url: `${SCALP}${query}`, payload })
  t.equal((await put({ confidence: { min_confidence: 40 } })).json().version, 1)
  t.equal((await put({})).json().version, 1)
  const dry = await put({ size: { leverage: 20 } }, '?dry_run=true')
  t.match(dry.json(), {
    applied: false,
    all_match: false,
    total_changes: 1,
    changes: [{ document: 'mode.scalp', path: 'size.leverage', current: 10, new: 20, risk: 'medium' }],
  })
  t.equal((await put({ size: { leverage: 200 } }, '?dry_run=true')).statusCode, 400)
  t.equal((await gateway.as('42', { url: SCALP })).json().version, 1)
})

t.test('all faults of a body are named at once', async t => {
  const { gateway } = await startStack(t)
  const put = async (url: string, payload: unknown) => {
    const reply = await gateway.as('42', {
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(payload),
    })
    return { status: reply.statusCode, errors: reply.json().errors }
  }
  const many = await put(SCALP, {
    confidence: { min_confidence: 101, high_confidence: '5' },
    size: { leverage: null, base_size: 1 },
    nope: 1,
  })
  t.equal(many.status, 400)
  t.strictSame(
    many.errors.map((fault: { path: string }) => fault.path).sort(),
    [
      'confidence.high_confidence',
      'confidence.min_confidence',
      'nope',
      'size.base_size',
      'size.leverage',
    ].sort(),
  )
  const messages = new Map(
    many.errors.map((fault: { path: string; message: string }) => [fault.path, fault.message]),
  )
  t.equal(messages.get('confidence.min_confidence'), 'must be <= 100')
  t.match(messages.get('size.base_size'), /base_size_usd|max_size/)
  t.match((await put(SCALP, [])).errors, [{ path: '', message: 'must be object' }])
  t.match((await put(SCALP, 'text')).errors, [{ path: '', message: 'must be object' }])
  t.match((await put('/api/futures/ginie/capital-allocation', { scalp_percent: 90 })).errors, [
    { message: /sum to 100/ },
  ])
  t.match((await put('/api/user/settings/trading', { timezone: 'Mars/Olympus' })).errors, [
    { path: 'timezone' },
  ])
  t.match((await put('/api/user/settings', { trading: { timezone: '' } })).status, 400)
})

t.test('sections are the document: one version, three keys', async t => {
  const { gateway } = await startStack(t)
  const trading = '/api/user/settings/trading'
  const put = await gateway.as('42', { method: 'PUT', url: trading, payload: { risk_level: 'conservative' } })
  t.match(put.json(), { version: 2, data: { risk_level: 'conservative', current_mode: 'scalp' } })
  for (const [url, key] of [
    ['/api/user/settings', 'user:42:settings:all'],
    [trading, 'user:42:settings:trading'],
    ['/api/user/settings/notifications', 'user:42:settings:notifications'],
  ] as const) {
    const get = await gateway.as('42', { url })
    t.equal(get.json().version, 2)
    t.equal(get.headers['cache-status'], 'settings-gateway; hit')
    t.equal(await redisOf(gateway).get(key), get.body)
  }
  t.equal(
    (await gateway.as('42', { url: '/api/user/settings' })).json().data.trading.risk_level,
    'conservative',
  )
})

t.test('modes: the alias, and a mode that does not exist', async t => {
  const { gateway } = await startStack(t)
  const alias = await gateway.as('42', { url: '/api/futures/ginie/modes/ultra_fast' })
  t.equal(alias.body, (await gateway.as('42', { url: '/api/futures/ginie/modes/ultra' })).body)
  const missing = await gateway.as('42', { url: '/api/futures/ginie/safety-settings/turbo' })
  t.equal(missing.statusCode, 404)
  t.match(missing.json().detail, /ultra, scalp, swing, position/)
})

t.test('a 2 MiB object of preferences round-trips, a document may not grow for ever', async t => {
  const { gateway } = await startStack(t)
  // Names in order, as documents are stored: the bytes that come back are those that were sent.
  const layout = Array.from({ length: 21_000 }, (_, id) => ({ id, text: 'x'.repeat(80) }))
  const sent = JSON.stringify({ layout })
  t.ok(sent.length > 2 * 1024 * 1024, `${sent.length} bytes`)
  const url = '/api/user/settings'
  const put = await gateway.as('42', {
    method: 'PUT',
    url,
    headers: { 'content-type': 'application/json' },
    payload: `{"preferences":${sent}}`,
  })
  t.equal(put.statusCode, 200)
  const get = await gateway.as('42', { url })
  t.equal(get.headers['cache-status'], 'settings-gateway; hit')
  const received = JSON.stringify(get.json().data.preferences)
  // Lengths and digests: a difference must not print megabytes.
  t.equal(received.length, sent.length)
  t.equal(md5(received), md5(sent), 'it is what was sent')
  t.equal(md5(get.body), md5(put.body), 'a read answers the bytes of the write')
  const more = { layout2: 'y'.repeat(3 * 1024 * 1024) }
  const refused = await gateway.as('42', { method: 'PUT', url, payload: { preferences: more } })
  t.match(refused.json(), { status: 413, code: 'DOCUMENT_TOO_LARGE' })
  t.equal((await gateway.as('42', { url })).headers.etag, put.headers.etag, 'nothing of it is stored')
})

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
