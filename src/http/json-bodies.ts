import { Readable } from 'node:stream'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { JSON_LIMITS } from '../documents/json/limits.ts'
import { JsonError, readJson, requireJson } from '../documents/json/read.ts'
import { typeFault } from '../documents/json.ts'
import { needsNoBody } from './openapi/operation.ts'
import { ProblemError } from './problem-error.ts'

/**
 * Makes JSON the only type of bodies. Names such as `__proto__` are read like any other, and the validation reports them. An
 * empty body counts as none where none is needed, because some clients always send a content type.
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
    try {
      done(null, parseBody(body, request.routeOptions.schema))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** The value of a body; undefined when it is empty and the route with this schema needs none. */
export function parseBody(body: Buffer, schema: FastifySchema | undefined): unknown {
  return body.length === 0 && needsNoBody(schema) ? undefined : refuseNull(parseJson(body), schema)
}

/** INVALID_JSON with place and reason; VALIDATION_FAILED with the paths of values that the gateway does not accept in JSON. */
function parseJson(body: Buffer): unknown {
  try {
    return readJson(body, JSON_LIMITS)
  } catch (error) {
    throw toProblem(error)
  }
}

/** INVALID_JSON unless the bytes are JSON. Values are not checked: names may be repeated, numbers may be long. */
export function requireJsonBytes(body: Buffer): void {
  try {
    requireJson(body)
  } catch (error) {
    throw toProblem(error)
  }
}

function toProblem(error: unknown): unknown {
  if (!(error instanceof JsonError)) return error
  const { faults, message } = error
  return faults === undefined
    ? new ProblemError('INVALID_JSON', `the body ${message}`, { cause: error })
    : new ProblemError('VALIDATION_FAILED', `the body ${message}`, { errors: faults })
}

/** Refuses `null` where no body is needed, because Fastify cannot tell it from no body. */
function refuseNull(value: unknown, schema: FastifySchema | undefined): unknown {
  if (value !== null || schema === undefined || !needsNoBody(schema)) return value
  throw new ProblemError('VALIDATION_FAILED', 'the request is not valid', {
    errors: [{ path: '', message: typeFault('object', value) }],
  })
}
