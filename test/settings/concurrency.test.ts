import t from 'tap'
import { onServer } from '../helper/backends.ts'
import { startGateway, startStack } from '../helper/gateway.ts'
import type { TestReply } from '../helper/request.ts'

const URL = '/api/futures/ginie/modes/scalp'

t.test(
  '200 partial PUTs at once, through two instances, each to a field of its own: nothing is lost',
  async t => {
    const { gateway, redis } = await startStack(t)
    const other = await startGateway(t, {
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    const start = (await gateway.as('42', { url: URL })).json()
    const fields = Array.from({ length: 200 }, (_, i) => `field_${i}`)
    const put = async (name: string, i: number): Promise<TestReply> => {
      const reply = await [gateway, other][i % 2]!.as('42', {
        method: 'PUT',
        url: '/api/user/settings',
        payload: { preferences: { [name]: i } },
      })
      // On a busy machine one may wait too long for those before it: it was not done.
      return reply.json().code === 'OVERLOADED' ? put(name, i) : reply
    }
    const replies = await Promise.all(fields.map(put))
    t.strictSame(
      replies.filter(reply => reply.statusCode !== 200).map(reply => reply.json()),
      [],
    )
    const versions = replies.map(reply => reply.json().version).sort((a, b) => a - b)
    t.strictSame(
      versions,
      fields.map((_, i) => start.version + 1 + i),
      'every version once',
    )
    const { body, headers } = await gateway.as('42', { url: '/api/user/settings' })
    t.equal(headers['cache-status'], 'settings-gateway; hit')
    const after = JSON.parse(body)
    t.equal(after.version, start.version + 200)
    t.strictSame(after.data.preferences, Object.fromEntries(fields.map((name, i) => [name, i])))
    const { rows } = await onServer(gateway.databaseUrl, client =>
      client.query(`SELECT version, data FROM documents WHERE user_id = '42' AND kind = 'settings'`),
    )
    t.equal(Number(rows[0].version), after.version)
    t.strictSame(rows[0].data, after.data, 'Redis equals the database')
  },
)
