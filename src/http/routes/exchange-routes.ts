import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { EXCHANGE_KINDS, type ExchangeCache, type ExchangeKind } from '../../exchange/exchange.ts'
import { userIdOf } from '../caller.ts'
import { parseBody, requireJsonBytes } from '../json-bodies.ts'
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
  // The bytes are stored as received, with integers of any size; parsing only proves that they are JSON.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { schema } = request.routeOptions
    try {
      // A DELETE has no body, even if its headers name a content type.
      if (needsNoBody(schema)) return done(null, parseBody(body, schema))
      requireJsonBytes(body)
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
    summary: `Cache the ${kind}`,
    description:
      'Cached for BINANCE_CACHE_TTL_MS. 204 also while Redis is down, although nothing is cached then.',
    auth: 'user',
    document: AnyJson,
    responses: { 204: { description: 'Cached, if Redis is up.' } },
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
    summary: `Read the cached ${kind}`,
    description:
      'Only Redis holds them: 404 `CACHE_MISS` after BINANCE_CACHE_TTL_MS, and while Redis is down.',
    auth: 'user',
    responses: {
      200: {
        description: 'The bytes of the last PUT; `Age` says how many seconds ago.',
        schema: AnyJson,
        headers: AGE_HEADER,
      },
    },
    errors: ['CACHE_MISS'],
  })
  app.get(url, { schema: get }, async (request, reply) => {
    const cached = await exchange.get(userIdOf(request), kind)
    if (cached === undefined) throw new ProblemError('CACHE_MISS', `no ${kind} are cached`)
    return reply
      .headers({
        age: String(cached.ageSeconds),
        'cache-control': 'private, no-cache',
        vary: 'Authorization, X-User-Id, Origin',
      })
      .header('content-type', JSON_TYPE)
      .send(cached.body)
  })
  const remove = operation({
    id: `delete${name}`,
    tag: 'Exchange',
    summary: `Delete the cached ${kind}`,
    description: 'Deletes the key in Redis. While Redis is down the key stays until it expires.',
    auth: 'user',
    bodyNotNeeded: true,
    responses: { 204: { description: 'Deleted, if Redis is up.' } },
  })
  app.delete(url, { schema: remove }, async (request, reply) => {
    await exchange.remove(userIdOf(request), kind)
    return reply.code(204).send()
  })
}
