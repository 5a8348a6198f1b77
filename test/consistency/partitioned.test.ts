import t from 'tap'
import {
  ByPartition,
  combineStatuses,
  PartitionedReader,
  PartitionedWriter,
} from '../../src/consistency/partitioned.ts'
import { PARTITIONS, partitionOf } from '../../src/consistency/partitions.ts'
import type { Reader } from '../../src/consistency/read.ts'
import { RenewalTicks } from '../../src/consistency/renewal-ticks.ts'
import type { View } from '../../src/consistency/views.ts'
import type { Writer } from '../../src/consistency/write.ts'
import { Slots } from '../../src/consistency/write-slots.ts'

const REF = { userId: 'u', kind: 'd0' }

t.test('reads and writes go to the partition of their user', async t => {
  const asked: [string, number][] = []
  const protocols = new ByPartition(partition => {
    const note =
      (what: string) =>
      async (...args: unknown[]) =>
        void asked.push([`${what} ${args.length}`, partition])
    const reader = { read: note('read'), answer: note('answer'), refill: note('refill') } as unknown as Reader
    const writer = { write: note('write'), writeMany: note('writeMany') } as unknown as Writer
    return { reader, writer }
  })
  t.equal(protocols.all.length, PARTITIONS)
  t.equal(protocols.of('u'), protocols.of('u'))
  const reader = new PartitionedReader(protocols)
  const writer = new PartitionedWriter(protocols)
  const decide = () => ({ changes: [], result: undefined })
  const meta = { updatedBy: 'test', reason: 'put' }
  await reader.read([{ ref: REF, part: 0 }])
  reader.answer(
    () => t.fail('not needed') as never,
    { id: 'u\nmode' },
    () => {},
  )
  await reader.refill(REF)
  await writer.write([REF], decide, meta)
  await writer.writeMany([REF], decide, meta)
  t.strictSame(
    asked,
    ['read 2', 'answer 3', 'refill 1', 'write 3', 'writeMany 3'].map(what => [what, partitionOf('u')]),
  )
})

t.test('the cache is used when all partitions are', async t => {
  const view: View = {
    mode: 'ON',
    epoch: 1,
    drained: false,
    identity: null,
    database: null,
    reason: 'gate',
    leaseMs: 0,
  }
  const on = { view, databaseReached: true, leaseHeld: true, anotherOwner: undefined }
  t.strictSame(combineStatuses([on, on]), on)
  const off = { ...on, view: { ...view, mode: 'OFF' as const }, leaseHeld: false }
  t.strictSame(combineStatuses([on, off, on]), off)
  t.equal(combineStatuses([on, { ...on, anotherOwner: 'db' }]).anotherOwner, 'db')
})

t.test('renewals of one process begin together', async t => {
  const slept: number[] = []
  let wake = () => {}
  const sleep = (ms: number) => {
    slept.push(ms)
    return new Promise<void>(resolve => {
      wake = resolve
    })
  }
  let now = 1_130
  const ticks = new RenewalTicks({ now: () => now, sleep }, 250)
  const both = [ticks.next(), ticks.next()]
  t.strictSame(slept, [120])
  wake()
  await Promise.all(both)
  now = 1_250
  void ticks.next()
  t.strictSame(slept, [120, 250])
})

t.test('those who find no place free have their turn in order', async t => {
  const slots = new Slots(1, { sleep: () => new Promise<void>(() => {}) })
  const turns: string[] = []
  t.ok(slots.takeAtOnce())
  t.notOk(slots.takeAtOnce())
  slots.lineUp(() => turns.push('a'))
  slots.lineUp(() => turns.push('b'))
  slots.release()
  t.strictSame(turns, ['a'])
  slots.release()
  t.strictSame(turns, ['a', 'b'])
  slots.release()
  slots.lineUp(() => turns.push('c'))
  t.strictSame(turns, ['a', 'b', 'c'])
})
