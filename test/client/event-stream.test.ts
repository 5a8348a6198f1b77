import fc from 'fast-check'
import t from 'tap'
import { EventStreamParser, type StreamEvent } from '../../src/client/event-stream.ts'

function parse(pieces: readonly string[], lastEventId?: string): StreamEvent[] {
  const parser = new EventStreamParser(lastEventId)
  return pieces.flatMap(piece => parser.add(piece))
}

t.test('fields, comments, several lines of data', async t => {
  t.strictSame(parse([':heartbeat\n\nid: 7\nevent: change\ndata: {"a":1}\n\n']), [
    { type: 'change', data: '{"a":1}', id: '7' },
  ])
  t.strictSame(parse(['data:one\ndata:  two\ndata\n\n']), [{ type: 'message', data: 'one\n two\n', id: '' }])
  t.strictSame(parse(['event: change\n\ndata: x\n\n']), [{ type: 'message', data: 'x', id: '' }])
  t.strictSame(
    parse(['data: x\n\nid: 9\ndata: y\n\ndata: z\n\n'], '5').map(({ id }) => id),
    ['5', '9', '9'],
  )
  t.strictSame(parse(['data: never ended\n']), [])
  t.strictSame(parse(['\uFEFFdata: x\n\n']).length, 1, 'a byte order mark is no part of it')
  const parser = new EventStreamParser()
  t.strictSame(parser.add(': open\nid: 3\n'), [])
  t.equal(parser.lastEventId, '', 'not before the end of the block')
  t.strictSame(parser.add('\n'), [])
  t.equal(parser.lastEventId, '3', 'an id without data counts')
  parser.add('retry: soon\nretry: 250\n')
  t.equal(parser.retryMs, 250)
})

t.test('however the stream is cut, and whatever ends its lines', async t => {
  const event = fc.record({ id: fc.nat(), type: fc.constantFrom('change', 'reset'), data: fc.json() })
  fc.assert(
    fc.property(
      fc.array(event),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(200)),
      (events, end, cuts) => {
        const text = events
          .map(({ id, type, data }) => `id: ${id}${end}event: ${type}${end}data: ${data}${end}:x${end}${end}`)
          .join('')
        const pieces: string[] = []
        let rest = `${text}:end${end}`
        for (const cut of cuts) {
          pieces.push(rest.slice(0, cut))
          rest = rest.slice(cut)
        }
        const wanted = events.map(({ id, type, data }) => ({ type, data, id: String(id) }))
        t.strictSame(parse([...pieces, rest]), wanted)
      },
    ),
    { numRuns: 100 },
  )
})
