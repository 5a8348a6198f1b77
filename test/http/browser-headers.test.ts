import t from 'tap'
import { createDatabase } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'
const UI = 'https://ui.example.com'
const STRANGER = 'https://stranger.example.com'
const url = await createDatabase(t)

t.test('CORS: only for the configured origins, on answers and on problems', async t => {
  const { app } = await startGateway(t, { DATABASE_URL: url, CORS_ORIGINS: UI })
  const allowed = async (origin: string, path: string, headers: object = SERVICE) =>
    (await app.inject({ url: path, headers: { ...headers, 'x-user-id': '42', origin } })).headers[
      'access-control-allow-origin'
    ]
  for (const path of [SCALP, '/api/nope', '/health/live']) {
    t.equal(await allowed(UI, path), UI, path)
    t.equal(await allowed(STRANGER, path), undefined, path)
    t.equal(await allowed(`${UI}.evil.example`, path), undefined, path)
    t.equal(await allowed('null', path), undefined, path)
  }
  t.equal(await allowed(UI, SCALP, {}), UI, 'the UI can read why it was refused')
  const refused = await app.inject({ method: 'DELETE', url: SCALP, headers: { origin: UI } })
  t.equal(refused.statusCode, 405)
  t.equal(refused.headers['access-control-allow-origin'], UI, 'and that of a method')
})

t.test('CORS: what is answered to one origin is kept for no other, nor what is answered to none', async t => {
  const { app } = await startGateway(t, { DATABASE_URL: url, CORS_ORIGINS: UI })
  for (const path of [SCALP, DECISION]) {
    for (const origin of [{ origin: UI }, { origin: STRANGER }, {}]) {
      const get = async (condition: object) =>
        app.inject({ url: path, headers: { ...SERVICE, 'x-user-id': '42', ...origin, ...condition } })
      const reply = await get({})
      t.equal(reply.statusCode, 200)
      t.equal(reply.headers.vary, 'Authorization, X-User-Id, Origin', path)
      const unchanged = await get({ 'if-none-match': reply.headers.etag })
      t.equal(unchanged.statusCode, 304)
      t.equal(unchanged.headers.vary, 'Authorization, X-User-Id, Origin', `${path}, 304`)
    }
  }
})

t.test('CORS: none without a configuration', async t => {
  const { app } = await startGateway(t, { DATABASE_URL: url })
  const preflight = { origin: UI, 'access-control-request-method': 'PUT' }
  for (const method of ['GET', 'OPTIONS'] as const) {
    const { headers } = await app.inject({ method, url: SCALP, headers: { ...SERVICE, ...preflight } })
    t.strictSame(
      Object.keys(headers).filter(name => name.startsWith('access-control-')),
      [],
      method,
    )
  }
})

t.test('the headers of pages are on pages only', async t => {
  const { app } = await startGateway(t, { DATABASE_URL: url })
  const policy = async (path: string) =>
    (await app.inject({ url: path, headers: { ...SERVICE, 'x-user-id': '42' } })).headers[
      'content-security-policy'
    ]
  for (const path of ['/docs/static/index.html', '/ops/'])
    t.match(await policy(path), /default-src 'self'/, path)
  for (const path of [SCALP, '/api/nope', '/health', '/metrics']) t.equal(await policy(path), undefined, path)
})

t.test('under pressure: 503 with Retry-After, and the process is seen to live', async t => {
  // The smallest delay there is, and the event loop is held up for longer.
  const { app } = await startGateway(t, { DATABASE_URL: url, MAX_EVENT_LOOP_DELAY_MS: '1' })
  const ask = async (path: string) => {
    holdUp(20)
    return app.inject({ url: path, headers: { ...SERVICE, 'x-user-id': '42' } })
  }
  const codes = async () => {
    const between = [SCALP, '/health/live', '/metrics', '/health/ready', SCALP]
    const replies = []
    for (const path of between) replies.push((await ask(path)).statusCode)
    return replies.join(' ')
  }
  // The delay is measured each second: at first there is none.
  let seen = ''
  await eventually('it is under pressure from the first request to the last', async () => {
    seen = await codes()
    return /^503 .* 503$/.test(seen)
  })
  t.equal(seen, '503 200 200 503 503')
  const reply = await ask(SCALP)
  t.match(reply.json(), { code: 'OVERLOADED' })
  t.equal(reply.headers['retry-after'], '1')
})

/** Milliseconds in which nothing else runs. */
function holdUp(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}
