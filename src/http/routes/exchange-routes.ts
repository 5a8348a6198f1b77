import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { EXCHANGE_KINDS, type ExchangeCache, type ExchangeKind } from '../../exchange/exchange.ts'
import { userIdOf } from '../caller.ts'
import { requireJsonBytes } from '../json-bodies.ts'
import { pascal } from '../openapi/components.ts'
import { AGE_HEADER } from '../openapi/headers.ts'
import { needsNoBody, operation } from '../openapi/operation.ts'
import { ProblemError } from '../problem-error.ts'
import { JSON_TYPE } from '../reads/headers.ts'

/** Contract: any JSON up to 1 MiB. */
const BODY_LIMIT_BYTES = 1_024 * 1_024
const AnyJson = Type.Unsafe({
  description: 'any JSON',
  examples: [[{ symbol: 'BTCUSDT', positionAmt: '0.010' }]],
})

/** Positions and orders of the exchange. */
export async function exchangeRoutes(app: FastifyInstance, exchange: ExchangeCache): Promise<void> {
  // The bytes are kept as they came, integers of any size included; parsing only proves that they are JSON.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      // A DELETE has no body, whatever type its headers name.
      if (body.length > 0 || !needsNoBody(request.routeOptions.schema)) requireJsonBytes(body)
      done(null, body)
    } catch (error) {
      done(error as Error)
    }
  })
  for (const kind of EXCHANGE_KINDS) kindRoutes(app, exchange, kind)
}

function kindRoutes(app: FastifyInstance, exchange: ExchangeCache, kind: ExchangeKind): void {
  const url = `/api/binance/${kind}`
  const name = pascal(kind)
  const put = operation({
    id: `put${name}`,
    tag: 'Exchange',
    summary: `Keep the ${kind}`,
    description: 'Kept for BINANCE_CACHE_TTL_MS. 204 also while Redis is down: nothing is kept then.',
    auth: 'user',
    document: AnyJson,
    responses: { 204: { description: 'Kept, if Redis is up.' } },
  })
  app.put<{ Body: Buffer | undefined }>(
    url,
    { schema: put, bodyLimit: BODY_LIMIT_BYTES },
    async (request, reply) => {
      const userId = userIdOf(request)
      if (!Buffer.isBuffer(request.body)) throw new ProblemError('INVALID_JSON', 'the body must be JSON')
      await exchange.put(userId, kind, request.body)
      return reply.code(204).send()
    },
  )
  const get = operation({
    id: `get${name}`,
    tag: 'Exchange',
    summary: `The ${kind} as kept`,
    description:
      'Only Redis has them: gone after BINANCE_CACHE_TTL_MS, and while Redis is down. Then 404 `CACHE_MISS`.',
    auth: 'user',
    responses: {
      200: {
        description: 'As they were put; `Age` says how many seconds ago.',
        schema: AnyJson,
        headers: AGE_HEADER,
      },
    },
    errors: ['CACHE_MISS'],
  })
  app.get(url, { schema: get }, async (request, reply) => {
    const kept = await exchange.get(userIdOf(request), kind)
    if (kept === undefined) throw new ProblemError('CACHE_MISS', `no ${kind} are kept`)
    return reply
      .headers({
        age: String(kept.ageSeconds),
        'cache-control': 'private, no-cache',
        vary: 'Authorization, X-User-Id, Origin',
      })
      .header('content-type', JSON_TYPE)
      .send(kept.body)
  })
  const remove = operation({
    id: `delete${name}`,
    tag: 'Exchange',
    summary: `Forget the ${kind}`,
    description: 'Deletes the key in Redis. While Redis is down they are forgotten when their time is over.',
    auth: 'user',
    bodyNotNeeded: true,
    responses: { 204: { description: 'Forgotten.' } },
  })
  app.delete(url, { schema: remove }, async (request, reply) => {
    await exchange.remove(userIdOf(request), kind)
    return reply.code(204).send()
  })
}
