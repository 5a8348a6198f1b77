import t from 'tap'
import { joinBody } from '../../src/consistency/joined-body.ts'
import { NearCache } from '../../src/consistency/near-cache.ts'
import { documentsOf, heldVersionsOf } from '../../src/consistency/near-entry.ts'
import { headsOf, versionOf, versionsIn } from '../../src/consistency/stored-bytes.ts'
import type { ViewToken } from '../../src/consistency/views.ts'

const V: ViewToken = {
  epoch: 3,
  database: 'd',
  identity: { runId: 'a'.repeat(40), replicationId: 'b'.repeat(40) },
}

function envelope(version: number, data: string): Buffer {
  return Buffer.from(`{"version":${version},"updated_at":"2026-01-06T12:00:00.000Z","data":{"a":"${data}"}}`)
}

function entry(...values: Buffer[]) {
  const keys = values.map((_, index) => `key:${index}`)
  return {
    keys,
    v: V,
    database: V.database,
    stampKey: undefined,
    heads: headsOf(values),
    versions: values.map(versionOf),
    values,
    spans: undefined,
    confirmedAt: 0,
  }
}

t.test('keeps what was read under one V, and finds it under no other', async t => {
  const near = new NearCache(10_000)
  near.keep('id', entry(envelope(1, 'x')))
  t.strictSame(near.find('id', { ...V })?.values, [envelope(1, 'x')])
  t.equal(near.find('other', V), undefined)
  t.equal(near.find('id', { ...V, epoch: 4 }), undefined, 'another epoch')
  t.strictSame(near.last('id')?.values, [envelope(1, 'x')], 'the database can still say that it stands')
  t.equal(near.find('id', { ...V, identity: { ...V.identity, runId: 'c'.repeat(40) } }), undefined)
})

t.test('holds on to nothing but the bytes of the entry', async t => {
  const near = new NearCache(10_000)
  const chunk = Buffer.alloc(65_536)
  const value = envelope(1, 'x')
  value.copy(chunk, 100)
  near.keep('id', entry(chunk.subarray(100, 100 + value.length)))
  const held = near.find('id', V)!
  chunk.fill(0)
  t.strictSame(held.values, [value])
  t.equal(held.values[0]!.buffer.byteLength, value.length)
})

t.test('stays within its bytes; what is used stays longer', async t => {
  const near = new NearCache(20_000)
  const value = envelope(1, 'x'.repeat(2_000))
  near.keep('used', entry(value))
  for (let i = 0; i < 100; i++) {
    // When it is full only the second time counts.
    near.keep(`id:${i}`, entry(value))
    near.keep(`id:${i}`, entry(value))
    t.ok(near.find('used', V), 'used all the time')
    t.ok(near.bytes <= 20_000)
  }
  t.equal(near.find('id:0', V), undefined)
  t.ok(near.find('id:99', V))
})

t.test('once full, what is read a single time displaces nothing', async t => {
  const near = new NearCache(20_000)
  const value = envelope(1, 'x'.repeat(2_000))
  const kept = () =>
    Array.from({ length: 100 }, (_, i) => `id:${i}`).filter(id => near.find(id, V) !== undefined)
  for (let i = 0; i < 10; i++) near.keep(`id:${i}`, entry(value))
  const full = kept()
  t.ok(full.length > 5)
  for (let i = 10; i < 100; i++) near.keep(`id:${i}`, entry(value))
  t.strictSame(kept(), full)
  near.keep('id:50', entry(value))
  t.ok(near.find('id:50', V), 'the second time')
})

t.test('what is kept twice counts once; too large and turned off', async t => {
  const near = new NearCache(5_000)
  near.keep('id', entry(envelope(1, 'x')))
  const { bytes } = near
  near.keep('id', entry(envelope(2, 'y')))
  t.equal(near.bytes, bytes)
  t.strictSame(near.find('id', V)?.values, [envelope(2, 'y')])
  near.keep('large', entry(envelope(1, 'x'.repeat(5_000))))
  t.equal(near.find('large', V), undefined)
  const off = new NearCache(0)
  off.keep('id', entry(envelope(1, 'x')))
  t.equal(off.find('id', V), undefined)
})

t.test('the newest of a document, out of all reads of its user', async t => {
  const near = new NearCache(100_000)
  const value = (version: number) => envelope(version, String(version))
  const { body, spans } = joinBody(['[', ',', ']'], [value(3), value(5)])
  const bundle = { ...entry(value(3), value(5)), keys: ['a', 'b'], values: [body], spans }
  near.keep('42\nbundle', bundle)
  near.keep('42\nb', { ...entry(value(6)), keys: ['b'] })
  near.keep('43\nb', { ...entry(value(9)), keys: ['b'] })
  const held = near.newest('42\nnew', ['b', 'c', 'a'])
  t.strictSame(
    held.map(document => document?.bytes),
    [value(6), undefined, value(3)],
  )
  t.match(held[0], { version: 6, updatedAt: '2026-01-06T12:00:00.000Z', database: 'd' })
  t.strictSame(
    documentsOf(bundle).map(({ bytes }) => bytes),
    [value(3), value(5)],
  )
  t.match(heldVersionsOf(bundle), [{ version: 3 }, { version: 5 }])
  t.strictSame(near.newest('44\nb', ['b']), [undefined])
  const versions = (keys: string[]) => near.ofOneMoment('42\nnew', keys)?.map(({ version }) => version)
  t.strictSame(
    versions(['b', 'a']),
    [5, 3],
    'several are of one read, though one of them is held in a newer version',
  )
  t.strictSame(versions(['a', 'c']), undefined)
  near.keep('42\nlater', { ...entry(value(6), value(3)), keys: ['b', 'a'], confirmedAt: 1_000 })
  t.strictSame(versions(['a', 'b']), [3, 6], 'the read that was confirmed last')
})

t.test('the longest time without a confirmation', async t => {
  const near = new NearCache(100_000)
  t.equal(near.oldestConfirmation, undefined)
  near.keep('a', { ...entry(envelope(1, 'x')), confirmedAt: 7 })
  near.keep('b', { ...entry(envelope(1, 'x')), confirmedAt: 5 })
  t.equal(near.oldestConfirmation, 5)
  near.last('b')!.confirmedAt = 9
  t.equal(near.oldestConfirmation, 7)
})

t.test('heads of several keys', async t => {
  const values = [envelope(7, 'x'.repeat(100)), envelope(12, 'ü')]
  const heads = headsOf(values)
  t.equal(heads.toString('latin1').split('\n')[0], values[0]!.toString('latin1', 0, 64))
  t.strictSame(versionsIn(heads, 2), [7, 12])
  t.equal(versionsIn(heads, 3), undefined)
  t.equal(versionsIn(Buffer.from(`${heads.toString('latin1')}\n`, 'latin1'), 3), undefined, 'a missing key')
  const fence = '{"fence":8,"nonce":"0123456789abcdef"}'
  t.equal(versionsIn(Buffer.from(`${fence}\n${envelope(1, '')}`), 2), undefined, 'a fence')
  t.strictSame(versionsIn(headsOf([values[0]!]), 1), [7])
})
