import t from 'tap'
import { Counter, type CounterDeps } from '../../src/sequence/counter.ts'

t.test('numbers of a server that no lease renewal has looked at are burned, not handed out', async t => {
  const known = new Set(['first'])
  const servers = ['first', 'second', 'second', 'second']
  let last = 0
  const deps = {
    cache: { usable: false, note: async () => {} },
    store: { draw: async () => ({ last: ++last, server: servers[last - 1] }) },
    handover: { handle: () => {} },
    lease: { current: () => undefined },
    check: { knows: (server: string) => known.has(server) },
    // The next renewal, and the one after it, which looks at the server.
    clock: { sleep: async () => last === 3 && known.add('second') },
    renewMs: 250,
  }
  const counter = new Counter(deps as unknown as CounterDeps)
  const day = { userId: '42', day: '20260106' }
  t.strictSame(await counter.draw(day, 1, 0), { last: 1, source: 'database' })
  t.strictSame(await counter.draw(day, 1, 0), { last: 4, source: 'database' }, '2 and 3 are burned')
})

t.test('a block of such a server is not opened', async t => {
  const known = new Set<string>()
  let reserved = 0
  const deps = {
    cache: {
      usable: true,
      note: async () => {},
      draw: async () => 'block 1 - 0',
      open: async (_v: unknown, _day: unknown, count: number, _met: unknown, block: { first: number }) =>
        block.first + count - 1,
    },
    store: { reserve: async () => ({ first: reserved++ * 16 + 1, last: reserved * 16, server: 'second' }) },
    handover: { handle: () => {} },
    lease: { current: () => ({ v: { epoch: 1 } }) },
    check: { knows: (server: string) => known.has(server) },
    clock: { sleep: async () => known.add('second') },
    renewMs: 250,
  }
  const counter = new Counter(deps as unknown as CounterDeps)
  t.strictSame(await counter.draw({ userId: '42', day: '20260106' }, 1, 0), { last: 17, source: 'redis' })
})
