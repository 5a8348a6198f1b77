import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { type Scope, temporaryDirectory } from '../helper/backends.ts'
import { eventually, REDIS_OUTAGE, redisOf, SERVICE, startStack } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCALP = '/api/futures/ginie/modes/scalp'
const DECISION = '/api/futures/ginie/decision-settings'
const HIT = 'settings-gateway; hit'
const DEGRADED = 'settings-gateway; fwd=bypass; detail=degraded'

/** The gateway as another release might be: its scripts keep other rules. Answers the path of its server.ts. */
function otherRelease(t: Scope): string {
  const directory = temporaryDirectory(t)
  for (const name of ['src', 'package.json', 'default-settings.json'])
    cpSync(join(ROOT, name), join(directory, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const file = join(directory, 'src/consistency/token.ts')
  const text = readFileSync(file, 'utf8')
  const changed = text.replace(
    /(const SCRIPT_RULES = )(\d+)/,
    (_, name, rules) => `${name}${Number(rules) + 1}`,
  )
  if (changed === text) throw new Error('token.ts has no number of the rules any more')
  writeFileSync(file, changed)
  return join(directory, 'src/server.ts')
}

t.test('instances whose scripts keep other rules do not share a view', async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const client = redisOf(gateway)
  // All writes before the other is there: one that a busy Redis keeps waiting would turn the view OFF.
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: 50 } } })
  await gateway.as('43', { url: SCALP })
  for (const path of [SCALP, DECISION])
    await eventually(`${path} is in the cache`, async () => {
      return (await gateway.as('42', { url: path })).headers['cache-status'] === HIT
    })
  // Of 43 it knows nothing.
  await client.del(await client.keys('user:43:*'))
  const view = await client.get('gateway:view')

  const env = { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redis.url }
  const other = await startInstance(t, env, undefined, otherRelease(t))
  const readOther = async (userId: string, path: string) => {
    const headers = { ...SERVICE, 'x-user-id': userId }
    const { headers: all, body } = await request(`${other.url}${path}`, { headers })
    return { cacheStatus: all['cache-status'], body: await body.text() }
  }
  for (const path of [SCALP, DECISION]) {
    const { body } = await gateway.as('42', { url: path })
    // The second read would find the bytes near.
    for (let i = 0; i < 2; i++)
      t.strictSame(await readOther('42', path), { cacheStatus: DEGRADED, body }, path)
    t.equal((await readOther('43', path)).cacheStatus, DEGRADED, path)
  }
  t.strictSame(await client.keys('user:43:*'), [], 'nothing was put under the view of the other')
  t.equal(await client.get('gateway:view'), view)

  const written = await request(`${other.url}${SCALP}`, {
    method: 'PUT',
    headers: { ...SERVICE, 'x-user-id': '42', 'content-type': 'application/json' },
    body: '{"confidence":{"min_confidence":60}}',
  })
  const wanted = JSON.parse(await written.body.text())
  t.match(wanted, { version: 3, data: { confidence: { min_confidence: 60 } } })
  t.strictSame(
    (await gateway.as('42', { url: SCALP })).json(),
    wanted,
    'what one writes the other reads at once',
  )
})
