import t from 'tap'
import { ChaosClient } from './client.ts'
import type { Operation } from './history.ts'
import { untilHit } from './recovery.ts'
import { startStack } from './stack.ts'
import { WRITABLE } from './targets.ts'

const SCALP = WRITABLE.find(({ kind }) => kind === 'mode.scalp')!
/** Where the writer is killed, and whether its write is seen afterwards. */
const CASES = [
  { between: 'fence and COMMIT', step: 'write.fenced', seen: false },
  { between: 'COMMIT and put', step: 'write.committed', seen: true },
]

t.test('kill -9 of a gateway in the middle of a write', async t => {
  const stack = await startStack(t, { gateways: 2, clients: ['c0'] })
  const urls = stack.gateways.map(({ process }) => process.url)
  const client = new ChaosClient('c0', stack.tokens.c0!, urls, () => {})
  t.teardown(() => client.close())
  const writer = stack.gateways[0]!.process
  let last = 'first'
  await untilAnswered(() => client.write(0, '42', SCALP, last))
  for (const { between, step, seen } of CASES) {
    await t.test(`between ${between}`, async t => {
      t.type(await untilHit(client, 1, '42', SCALP), 'number')
      const reached = new Promise<void>(resolve => writer.holdAt(step, resolve))
      const write = client.write(0, '42', SCALP, step)
      await reached
      await writer.kill()
      t.match(await write, { outcome: 'unknown', status: 0 }, 'the client does not know what became of it')
      if (seen) last = step
      const next = await untilAnswered(() => client.read(1, '42', SCALP))
      t.strictSame(next.documents[0]?.marks, [last], 'the next read is right')
      t.not(next.cache, 'hit', 'for the fence stands in the cache')
      t.type(await untilHit(client, 1, '42', SCALP), 'number', 'a later read is a hit again')
      const hit = await untilAnswered(() => client.read(1, '42', SCALP))
      t.strictSame(hit.documents[0]?.marks, [last], 'and right as well')
      await writer.start()
    })
  }
})

/** A busy machine may lead to 503. */
async function untilAnswered(ask: () => Promise<Operation>): Promise<Operation> {
  for (;;) {
    const operation = await ask()
    if (operation.outcome === 'ok') return operation
  }
}
