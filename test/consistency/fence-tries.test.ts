import t from 'tap'
import { SOUND } from '../simulation/build.ts'
import { dataOf, SIM_CODEC } from '../simulation/documents.ts'
import { override } from '../simulation/override.ts'
import { World } from '../simulation/world.ts'
import { writerBeside } from './writer-beside.ts'

t.test('the second try of a fence has a nonce of its own, which the write goes on with', async t => {
  const world = new World(1, SOUND, 0)
  const { timeline, gateways, refs } = world
  const [{ process, store, cache, protocol }] = gateways.all as [(typeof gateways.all)[0]]
  await timeline.run(30_000, () => protocol.lease.current() !== undefined)
  const nonces: string[] = []
  const losing = override(cache, {
    fence: async (v, nonce, fences) => {
      nonces.push(nonce)
      const outcome = await cache.fence(v, nonce, fences)
      // The first one has had its effect; only its reply is lost.
      if (nonces.length === 1) throw new Error('no answer')
      return outcome
    },
  })
  const writer = writerBeside(world, { process, store, cache: losing })
  const [ref] = refs as [(typeof refs)[0]]
  const plan = { result: 'planned', changes: [{ ref, data: dataOf('x'), changes: '[]' }] }
  let version = 0
  void writer
    .write([ref], () => plan, { updatedBy: 'test', reason: 'put' })
    .then(({ rows }) => {
      version = rows[0]!.version
    })
  await timeline.run(timeline.now + 30_000, () => version > 0)
  t.equal(version, 1)
  t.equal(nonces.length, 2)
  t.not(nonces[0], nonces[1])
  t.match(world.redis.primary.get(SIM_CODEC.keys(ref)[0]!), /^\{"version":1,/)
})
