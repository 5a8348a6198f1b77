import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { ByteBudget } from '../../src/http/byte-budget.ts'
import { FastReads } from '../../src/http/fast-reads.ts'
import { throwFailure } from '../../src/http/given-back.ts'
import { CallerLimits } from '../../src/http/rate-limits.ts'
import { FAST_DOCUMENTS } from '../../src/http/routes/document-table.ts'
import type { DocumentService } from '../../src/settings/service.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const BOT = { host: 'x', authorization: 'Bearer not-looked-at', 'x-user-id': '42' }

/** Fast reads over `documents`, without a socket. */
function takeOver(documents: Partial<DocumentService>, draining = () => false) {
  const sent: { status: number; head: readonly string[]; body: Buffer | undefined }[] = []
  const given: IncomingMessage[] = []
  const fastReads = new FastReads({
    reads: FAST_DOCUMENTS,
    documents: documents as DocumentService,
    authenticator: { known: () => ({ kind: 'service', id: 'bot', caller: 'service:bot' }) },
    limits: new CallerLimits({ windowMs: 1_000, max: 0, writeMax: 0, authFailuresMax: 0 }),
    answers: new ByteBudget(1_024 * 1_024),
    draining,
    underPressure: () => false,
    onAnswered: () => {},
  })
  const take = () => {
    const incoming = { method: 'GET', url: SCALP, headers: BOT } as unknown as IncomingMessage
    let status = 0
    let head: readonly string[] = []
    return new Promise<void>(resolve => {
      const response = {
        writeHead: (...args: [number, string[]]) => ([status, head] = args),
        end: (body: Buffer | undefined) => {
          sent.push({ status, head, body })
          resolve()
        },
      } as unknown as ServerResponse
      const taken = fastReads.take(incoming, response, raw => {
        given.push(raw)
        resolve()
      })
      if (!taken) resolve()
    })
  }
  return { take, sent, given }
}

t.test('a request taken before the drain is given back: Fastify says that the connection closes', async t => {
  let draining = false
  const { take, sent, given } = takeOver(
    {
      confirm: (...[, , , onConfirmed]) => {
        draining = true
        onConfirmed({ status: 'hit', versions: [1], body: Buffer.from('{}') })
        return true
      },
    },
    () => draining,
  )
  await take()
  t.equal(given.length, 1)
  await take()
  t.equal(given.length, 1, 'the next one is not even taken')
  t.equal(sent.length, 0)
})

t.test('what the near cache does not hold is read in front of Fastify as well', async t => {
  const body = Buffer.from('{"version":7}')
  const { take, sent, given } = takeOver({
    confirm: () => false,
    get: async (actor, address, options) => {
      t.strictSame(
        [actor, address],
        [{ userId: '42', caller: 'service:bot', isLooking: false }, { kind: 'mode.scalp' }],
      )
      t.strictSame(options, { known: undefined, asked: 'stale' })
      return { status: 'miss-stored', versions: [7], body }
    },
  })
  await take()
  t.equal(given.length, 0)
  t.match(sent, [{ status: 200, body }])
  const { head } = sent[0]!
  t.equal(head[head.indexOf('cache-status') + 1], 'settings-gateway; fwd=miss; stored')
  t.equal(head[head.indexOf('content-length') + 1], '13')
})

t.test('what a read fails with is answered by Fastify, and the read is not made again', async t => {
  const error = new Error('the database is away')
  const { take, sent, given } = takeOver({ confirm: () => false, get: () => Promise.reject(error) })
  await take()
  t.equal(sent.length, 0)
  t.equal(given.length, 1)
  t.throws(() => throwFailure({ raw: given[0]! } as FastifyRequest), error)
  t.doesNotThrow(() => throwFailure({ raw: {} } as FastifyRequest))
})
