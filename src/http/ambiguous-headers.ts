import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'

/** Headers that must not come twice, because two readers could use different values. Lists such as If-Match may. */
const BEFORE_AUTHENTICATION = new Set(['host', 'authorization'])
const READ_HEADERS = new Set(['x-user-id', 'last-event-id'])
const WRITE_HEADERS = new Set([...READ_HEADERS, 'idempotency-key', 'x-actor', 'content-type'])
const READ_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests whose headers mean two things, or that name no host. Host and Authorization are checked before everything
 * else, the other headers after authentication and limits. Node joins such headers (server-factory.ts), and the socket door
 * leaves a request with a joined value to Fastify.
 */
export function refuseAmbiguousHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') done(invalid('Host', 'is required'))
    else done(findRepeated(raw, BEFORE_AUTHENTICATION))
  })
  app.addHook('preParsing', ({ raw, method }, _reply, payload, done) => {
    done(findRepeated(raw, READ_METHODS.has(method) ? READ_HEADERS : WRITE_HEADERS) ?? null, payload)
  })
}

function findRepeated(
  { rawHeaders, headers }: IncomingMessage,
  names: ReadonlySet<string>,
): Error | undefined {
  // As many names as lines, as in nearly all requests: no header came twice.
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined
  const seen = new Set<string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (names.has(name) && seen.has(name)) return invalid(rawHeaders[i]!, 'must be given once')
    seen.add(name)
  }
  return undefined
}

function invalid(header: string, message: string): ProblemError {
  return new ProblemError('VALIDATION_FAILED', `the header ${header} ${message}`, {
    errors: [{ path: header, message }],
  })
}
