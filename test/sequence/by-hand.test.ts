import t from 'tap'
import { dayIn } from '../../src/sequence/day.ts'
import { REDIS_OUTAGE, redisOf, startGateway, startStack } from '../helper/gateway.ts'

t.test(
  'an operator who sets counters in redis-cli causes no number twice, and GET is never below',
  async t => {
    const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
    const other = await startGateway(t, {
      ...REDIS_OUTAGE,
      DATABASE_URL: gateway.databaseUrl,
      REDIS_URL: redis.url,
    })
    const client = redisOf(gateway)
    const URL = '/api/user/sequence'
    const drawn: number[] = []
    let drawing = true
    const drawers = [gateway, other, gateway, other].map(async instance => {
      while (drawing) {
        const reply = await instance.as('42', { method: 'POST', url: URL })
        t.equal(reply.statusCode, 200)
        drawn.push(reply.json().sequence)
        const { sequence } = (await instance.as('42', { url: URL })).json()
        if (sequence < reply.json().sequence) t.fail(`GET ${sequence} after ${reply.json().sequence}`)
      }
    })
    const day = dayIn('UTC', Date.now())
    for (let round = 0; round < 40; round++) {
      const keys = await client
        .keys(`*sequence*42*${day}*`)
        .then(async own => [...own, ...(await client.keys(`user:42:sequence:*`))])
      for (const key of keys) {
        const before = await client.dumpBuffer(key)
        await gateway.as('42', { method: 'POST', url: URL }).then(reply => drawn.push(reply.json().sequence))
        const edits = [
          () => client.set(key, '1'),
          () => client.del(key),
          () => client.restore(key, 0, before!, 'REPLACE'),
          () => client.pexpire(key, 1),
        ]
        await edits[round % edits.length]!()
      }
    }
    drawing = false
    await Promise.all(drawers)
    t.equal(new Set(drawn).size, drawn.length, `${drawn.length} numbers, none twice`)
  },
)
