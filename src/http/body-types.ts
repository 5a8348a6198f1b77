import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'

const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
const SHOWN_TYPE = 100
/** The types that routes read; a route that reads lines reads no other type. */
const TYPES = ['application/x-ndjson', 'application/json']

/**
 * Refuses bodies that are encoded (gzip) or of a type that the route does not read. An empty body counts as none, with any
 * content type. Register it before the parsers.
 */
export function checkBodyTypes(app: FastifyInstance): void {
  app.addHook('preParsing', ({ raw, method, server }, _reply, payload, done) => {
    const { headers } = raw
    if (BODYLESS.has(method)) return done(null, payload)
    if (!isIdentity(headers['content-encoding'])) return done(encoded(headers['content-encoding']!))
    if (server.hasContentTypeParser(mediaType(headers['content-type']))) return done(null, payload)
    if (headers['transfer-encoding'] === undefined) {
      if (Number(headers['content-length'] ?? 0) > 0) return done(unsupported(raw, server))
      forgetBody(raw)
      return done(null, payload)
    }
    isEmpty(payload as Readable).then(
      empty => {
        if (!empty) return done(unsupported(raw, server))
        forgetBody(raw)
        done(null, payload)
      },
      error => done(error),
    )
  })
}

function mediaType(header = ''): string {
  return header.split(';', 1)[0]!.trim().toLowerCase()
}

/** An absent or empty list, or `identity` only. */
function isIdentity(header: string | undefined): boolean {
  return header === undefined || header.split(',').every(coding => /^(identity)?$/i.test(coding.trim()))
}

/** Removes the headers of a body, so that Fastify sees a request without one. */
function forgetBody({ headers }: IncomingMessage): void {
  delete headers['content-type']
  delete headers['content-length']
  delete headers['transfer-encoding']
}

/** Resolves to true when the stream ends without a byte. Discards its bytes. */
function isEmpty(stream: Readable): Promise<boolean> {
  return new Promise((resolve, reject) => {
    stream
      .once('data', () => resolve(false))
      .once('end', () => resolve(true))
      .once('error', reject)
  })
}

function encoded(encoding: string): ProblemError {
  const detail = `the body must not be encoded (${encoding.slice(0, SHOWN_TYPE)}): send it as it is`
  return new ProblemError('UNSUPPORTED_MEDIA_TYPE', detail, { headers: { 'accept-encoding': 'identity' } })
}

function unsupported({ headers }: IncomingMessage, server: FastifyInstance): ProblemError {
  const type = headers['content-type']
  const what =
    type === undefined || type === ''
      ? 'the body has no Content-Type'
      : `${JSON.stringify(type.slice(0, SHOWN_TYPE))} is not supported`
  const accept = TYPES.find(each => server.hasContentTypeParser(each)) ?? 'application/json'
  return new ProblemError('UNSUPPORTED_MEDIA_TYPE', `${what}: send ${accept}`, { headers: { accept } })
}
