import { createHash } from 'node:crypto'
import t from 'tap'
import { eventually, redisOf, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

/** What Redis holds, against the table of the contract: other programs read these keys. */

const SCALP = '/api/futures/ginie/modes/scalp'
const SETTINGS = '/api/user/settings'
const ROUTES: Readonly<Record<string, string>> = {
  'settings:all': SETTINGS,
  'settings:trading': `${SETTINGS}/trading`,
  'settings:notifications': `${SETTINGS}/notifications`,
  'mode:ultra': '/api/futures/ginie/modes/ultra',
  'mode:scalp': SCALP,
  'mode:swing': '/api/futures/ginie/modes/swing',
  'mode:position': '/api/futures/ginie/modes/position',
  scalp_reentry: '/api/futures/ginie/scalp-reentry-config',
  circuit_breaker: '/api/user/global-circuit-breaker',
  capital_allocation: '/api/futures/ginie/capital-allocation',
  llm_config: '/api/futures/ginie/llm-config',
  'safety:ultra': '/api/futures/ginie/safety-settings/ultra',
  'safety:scalp': '/api/futures/ginie/safety-settings/scalp',
  'safety:swing': '/api/futures/ginie/safety-settings/swing',
  'safety:position': '/api/futures/ginie/safety-settings/position',
}
const OTHERS = [
  ...['admin:defaults:all', 'admin:defaults:hash'],
  ...['gateway:marker', 'gateway:owner', 'gateway:proposal', 'gateway:stamp:42', 'gateway:stamp:@admin'],
  'gateway:view',
]

const { gateway } = await startStack(t)
const client = redisOf(gateway)
const send = (method: 'PUT' | 'POST', url: string, payload: object = {}) =>
  gateway.as('42', { method, url, payload })

t.test('the keys of a user, after every kind of change', async t => {
  const changes = {
    provisioning: () => gateway.as('42', { url: SETTINGS }),
    PUT: () => send('PUT', SCALP, { size: { leverage: 7 } }),
    'PUT of a section': () => send('PUT', `${SETTINGS}/trading`, { risk_level: 'aggressive' }),
    'PUT of the other section': () => send('PUT', `${SETTINGS}/notifications`, { email_enabled: true }),
    'a reset of one field': () =>
      send('POST', `${SETTINGS}/reset`, { document: 'mode.scalp', path: 'size.leverage' }),
    'load-defaults of a section': () => send('POST', `${SETTINGS}/trading/load-defaults`),
    'load-defaults of everything': () => send('POST', `${SETTINGS}/load-defaults`),
    rollback: () => send('POST', `${SCALP}/rollback`, { version: 2 }),
  }
  for (const [name, change] of Object.entries(changes)) {
    t.equal((await change()).statusCode, 200, name)
    await t.test(name, async t => {
      await eventually('the marker is there', async () => (await client.exists('gateway:marker')) === 1)
      t.strictSame(
        (await client.keys('*')).sort(),
        [...OTHERS, ...Object.keys(ROUTES).map(suffix => `user:42:${suffix}`)].sort(),
      )
      for (const [suffix, url] of Object.entries(ROUTES)) {
        const key = `user:42:${suffix}`
        const reply = await gateway.as('42', { url })
        t.equal(reply.headers['cache-status'], 'settings-gateway; hit', key)
        const { version, data } = JSON.parse((await client.get(key))!)
        t.strictSame({ version, data }, { version: reply.json().version, data: reply.json().data }, key)
        t.equal(await client.ttl(key), -1, key)
      }
      const settings = await Promise.all(['all', 'trading', 'notifications'].map(read))
      t.equal(new Set(settings.map(({ version }) => version)).size, 1, 'one version in three keys')
      t.strictSame(settings[1].data, settings[0].data.trading)
      t.strictSame(settings[2].data, settings[0].data.notifications)
    })
  }
  async function read(section: string) {
    return JSON.parse((await client.get(`user:42:settings:${section}`))!)
  }
})

t.test('admin:defaults:all and its MD5, at the start, after a PUT and after a sync', async t => {
  const admin = (method: 'PUT' | 'POST', url: string, payload: object) =>
    gateway.app.inject({ method, url, payload, headers: ADMIN })
  const hashes = new Set<string>()
  const check = async (version: number) => {
    const all = (await client.get('admin:defaults:all'))!
    t.equal(JSON.parse(all).version, version)
    // The bytes of `data`, as whoever checks the hash finds them.
    const data = /"data":(.*)\}$/s.exec(all)?.[1] ?? ''
    const hash = await client.get('admin:defaults:hash')
    t.equal(hash, createHash('md5').update(data).digest('hex'))
    for (const key of ['admin:defaults:all', 'admin:defaults:hash']) t.equal(await client.ttl(key), -1, key)
    hashes.add(hash!)
    return hash
  }
  const first = await check(1)
  const put = await admin('PUT', '/api/admin/defaults', { global_trading: { max_usd_allocation: 1_000 } })
  t.equal(put.statusCode, 200)
  await check(2)
  const sync = await admin('POST', '/api/admin/sync-defaults', { source: 'file' })
  t.match(sync.json(), { changed: true, version: 3, hash: first })
  t.equal(await check(3), first, 'the same data, the same hash')
  t.equal(hashes.size, 2)
})

t.test('admin:defaults:* is repaired by a sync and a PUT that change nothing', async t => {
  const admin = (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object) =>
    gateway.app.inject({ method, url, headers: ADMIN, ...(payload === undefined ? {} : { payload }) })
  await admin('POST', '/api/admin/sync-defaults', { source: 'file' })
  const keys = ['admin:defaults:all', 'admin:defaults:hash']
  const right = await client.mget(keys)
  const repairs = {
    sync: () => admin('POST', '/api/admin/sync-defaults', { source: 'file' }),
    PUT: () => admin('PUT', '/api/admin/defaults', {}),
  }
  const breaks = {
    'a hash that is gone': () => client.del('admin:defaults:hash'),
    'another hash': () => client.set('admin:defaults:hash', `${right[1]}0`),
    'another type': async () => {
      await client.del('admin:defaults:hash')
      await client.lpush('admin:defaults:hash', 'x')
    },
    'both gone': () => client.del(keys),
  }
  for (const [name, repair] of Object.entries(repairs)) {
    for (const [what, harm] of Object.entries(breaks)) {
      await harm()
      t.equal((await repair()).statusCode, 200)
      t.strictSame(await client.mget(keys), right, `${name}, ${what}`)
      t.equal(await client.ttl('admin:defaults:hash'), -1)
    }
  }
  await client.del(keys)
  t.equal((await admin('GET', '/api/admin/defaults')).statusCode, 200)
  t.strictSame(await client.mget(keys), right, 'a GET that misses')
  const again = await admin('PUT', '/api/admin/defaults', {})
  t.equal(again.json().version, JSON.parse(right[0]!).version, 'nothing is stored anew')
})

t.test('a PUT that changes nothing: the same version, no history, no write to Redis', async t => {
  const events: string[] = []
  await client.config('SET', 'notify-keyspace-events', 'KA')
  const listener = client.duplicate({ lazyConnect: true, retryStrategy: () => null })
  listener.on('error', () => {})
  t.teardown(() => listener.disconnect())
  await listener.connect()
  await listener.psubscribe('__keyspace@0__:user:*', '__keyspace@0__:admin:*')
  listener.on('pmessage', (_pattern: string, channel: string, event: string) => {
    events.push(`${event} ${channel.slice('__keyspace@0__:'.length)}`)
  })
  const history = async () => (await gateway.as('42', { url: `${SCALP}/history` })).json()
  const before = (await gateway.as('42', { url: SCALP })).json()
  const entries = await history()
  const same = [
    {},
    { size: { leverage: before.data.size.leverage } },
    { size: {}, confidence: {} },
    before.data,
  ]
  for (const payload of same) {
    const reply = await send('PUT', SCALP, payload)
    t.equal(reply.statusCode, 200)
    t.strictSame(reply.json(), before)
  }
  t.strictSame(await history(), entries)
  // Events arrive in order: with that of a real change, those of the others would be there.
  await send('PUT', SCALP, { size: { leverage: before.data.size.leverage + 1 } })
  await eventually('the real change is seen', () => events.length >= 2)
  t.strictSame(events, ['set user:42:mode:scalp', 'set user:42:mode:scalp'], 'its fence and its value, once')
})
