import fc from 'fast-check'
import t from 'tap'
import { encodeCommand, type Reply, RespError, RespParser, RespProtocolError } from '../../src/cache/resp.ts'

/** A reply as Redis writes it. */
function encode(reply: Reply): string {
  if (reply === null) return '$-1\r\n'
  if (typeof reply === 'number') return `:${reply}\r\n`
  if (typeof reply === 'string') return `+${reply}\r\n`
  if (reply instanceof RespError) return `-${reply.message}\r\n`
  if (Buffer.isBuffer(reply)) return `$${reply.length}\r\n${reply.toString('latin1')}\r\n`
  const items = reply as readonly Reply[]
  return `*${items.length}\r\n${items.map(encode).join('')}`
}

function parse(chunks: readonly Buffer[]): Reply[] {
  const replies: Reply[] = []
  const parser = new RespParser(reply => replies.push(reply))
  for (const chunk of chunks) parser.feed(chunk)
  return replies
}

const line = fc.string().map(text => text.replaceAll(/[\r\n]|[^\x20-\x7e]/g, ''))
const simple: fc.Arbitrary<Reply> = fc.oneof(
  line,
  fc.integer(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
  line.map(text => new RespError(text)),
)
const reply: fc.Arbitrary<Reply> = fc.oneof(simple, fc.array(simple), fc.array(fc.array(simple)))

t.test('replies arrive whole and in order, however they are cut', async t => {
  fc.assert(
    fc.property(fc.array(reply), fc.array(fc.nat(400)), (replies, sizes) => {
      const bytes = Buffer.from(replies.map(encode).join(''), 'latin1')
      const chunks: Buffer[] = []
      let at = 0
      for (const size of sizes) {
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      chunks.push(bytes.subarray(at))
      t.strictSame(parse(chunks), replies)
    }),
    { numRuns: 300 },
  )
})

t.test('one byte at a time', async t => {
  const text = encode([Buffer.from('{"version":1}'), null, Buffer.from('\r\n\r\n')])
  t.strictSame(parse([...Buffer.from(text)].map(byte => Buffer.from([byte]))), [
    [Buffer.from('{"version":1}'), null, Buffer.from('\r\n\r\n')],
  ])
})

t.test('what is no RESP ends the connection', async t => {
  const garbage = [
    'HTTP/1.1 400 Bad Request\r\n',
    '$5\r\nhelloXX',
    '$-2\r\n',
    '$999999999999\r\n',
    '$\r\n',
    '$1e3\r\n',
    ':1.5\r\n',
    '*999999999\r\n',
    '*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n',
    '+OK\n',
    `+${'x'.repeat(70_000)}`,
  ]
  for (const text of garbage) t.throws(() => parse([Buffer.from(text)]), RespProtocolError, text.slice(0, 20))
})

t.test('commands', async t => {
  const command = Buffer.from(encodeCommand(['GET', 'ü']), 'latin1')
  t.equal(command.toString(), '*2\r\n$3\r\nGET\r\n$2\r\nü\r\n')
  const bytes = Buffer.from([0x00, 0xff, 0x0d, 0x0a])
  const ofBytes = Buffer.from(encodeCommand(['SET', 'ü', bytes]), 'latin1')
  t.strictSame(
    ofBytes,
    Buffer.concat([Buffer.from('*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$4\r\n'), bytes, Buffer.from('\r\n')]),
  )
})
