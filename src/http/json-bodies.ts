import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { ProblemError } from '../errors.ts'
import { hasOptionalBody, needsNoBody } from './openapi/operation.ts'

/**
 * JSON is the only type of bodies. Parsed as it is: names such as `__proto__` are faults that the checks of the
 * body name. An empty body counts as none where none is needed, for clients that send the content type always.
 */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  // A request without Content-Length and Transfer-Encoding has no stream that ever ends (optimizeEmptyRequests of
  // node:http): with a content type Fastify would wait for it.
  app.addHook('preParsing', ({ raw, headers }, _reply, payload, done) => {
    const isEmpty = headers['content-type'] !== undefined && raw.readableEnded
    done(null, isEmpty ? Readable.from([]) : payload)
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { schema } = request.routeOptions
    try {
      done(null, body.length === 0 && needsNoBody(schema) ? undefined : required(parseJson(body), schema))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** INVALID_JSON, saying why. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw new ProblemError('INVALID_JSON', 'the body is empty')
  if (!isUtf8(body)) throw new ProblemError('INVALID_JSON', 'the body is not UTF-8')
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new ProblemError('INVALID_JSON', `the body is not JSON: ${(cause as SyntaxError).message}`, {
      cause,
    })
  }
}

/** Fastify's validation cannot tell `null` from no body. */
function required(value: unknown, schema: FastifySchema | undefined): unknown {
  if (value !== null || !hasOptionalBody(schema)) return value
  throw new ProblemError('VALIDATION_FAILED', 'the request is not valid', {
    errors: [{ path: '', message: 'must be object' }],
  })
}
