import t from 'tap'
import { startStack } from '../helper/gateway.ts'
import { WALK_ENVIRONMENT, walk } from './walk.ts'

t.test('3,000 JSON texts come back as they were sent, or are refused with their path', async t => {
  const { gateway } = await startStack(t, WALK_ENVIRONMENT)
  const { sent, stored, refused, mismatches } = await walk(gateway, { texts: 3_000, seed: 1, users: 3 })
  t.strictSame(mismatches, [])
  t.equal(sent, 3_000)
  t.ok(stored > 1_500, `${stored} stored`)
  for (const [reason, count] of Object.entries(refused)) t.ok(count > 10, `${count} refused: ${reason}`)
})
