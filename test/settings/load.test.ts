import t from 'tap'
import { SHORT_LEASE, startStack } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test(
  'more writes than connections: all wait for their turn, none is told that the database is away',
  async t => {
    const { gateway } = await startStack(t, { ...SHORT_LEASE, DATABASE_POOL_SIZE: '2' })
    // Both connections are busy for longer than a lease renewal may take.
    const slow = gateway.services.pool.query('SELECT pg_sleep(1.3)')
    const slower = gateway.services.pool.query('SELECT pg_sleep(1.3)')
    const users = Array.from({ length: 100 }, (_, i) => `user-${i}`)
    const replies = await Promise.all(
      users.map(user =>
        gateway.as(user, { method: 'PUT', url: SCALP, payload: { confidence: { min_confidence: 41 } } }),
      ),
    )
    await Promise.all([slow, slower])
    t.strictSame(
      replies.filter(reply => reply.statusCode !== 200).map(reply => reply.body),
      [],
    )
    t.equal((await gateway.services.status.health()).services.database.status, 'up')
  },
)
