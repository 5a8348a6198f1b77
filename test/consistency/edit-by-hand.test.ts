import pg from 'pg'
import t from 'tap'
import { eventually, REDIS_OUTAGE, redisOf, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const MODES = '/api/futures/ginie/modes'
const KEY = 'user:42:mode:scalp'

// Found by the simulation, seed 26966: what was read behind the edit stood in the cache beside what was before it.
t.test(
  'two documents edited by hand in one transaction: no bundle holds one of the edits without the other',
  async t => {
    // Leases of before the edit run on for a while.
    const times = {
      LEASE_MS: '8000',
      LEASE_RENEW_MS: '2000',
      OFF_WAIT_MS: '9000',
    }
    const { gateway } = await startStack(t, { ...REDIS_OUTAGE, ...times })
    const read = async (url: string) => (await gateway.as('42', { url })).json()
    await eventually('the bundle is a hit', async () => {
      const reply = await gateway.as('42', { url: MODES })
      return reply.headers['cache-status'] === 'settings-gateway; hit'
    })
    const before = await read(MODES)
    // As if it had never been read: the next read fills it in.
    await redisOf(gateway).del(KEY)
    const client = new pg.Client({ connectionString: gateway.databaseUrl })
    await client.connect()
    t.teardown(() => client.end())
    await client.query(
      `UPDATE documents SET data = data || '{"note":"by hand"}' WHERE user_id = '42' AND kind LIKE 'mode.%'`,
    )
    const scalp = await read(SCALP)
    t.equal(scalp.version, before.scalp.version + 1)
    const after = await read(MODES)
    const steps = Object.keys(after).map(mode => after[mode].version - before[mode].version)
    t.equal(new Set(steps).size, 1, `all or none: ${steps}`)
  },
)
