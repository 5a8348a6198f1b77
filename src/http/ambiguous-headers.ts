import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ProblemError } from './problem-error.ts'

/** Headers that must not come twice: two readers could take different ones. Lists such as If-Match may. */
const BEFORE_AUTHENTICATION = new Set(['host', 'authorization'])
const OF_READS = new Set(['x-user-id', 'last-event-id'])
const OF_WRITES = new Set([...OF_READS, 'idempotency-key', 'x-actor', 'content-type'])
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests whose headers mean two things, or that name no host. Before everything else, and the headers of the
 * request itself after authentication and limits. Node is told to join such headers (server-factory.ts), so in front of
 * Fastify a joined value is none that the door takes.
 */
export function refuseAmbiguousHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') done(invalid('Host', 'is required'))
    else done(repeated(raw, BEFORE_AUTHENTICATION))
  })
  app.addHook('preParsing', ({ raw, method }, _reply, payload, done) => {
    done(repeated(raw, READS.has(method) ? OF_READS : OF_WRITES) ?? null, payload)
  })
}

function repeated({ rawHeaders, headers }: IncomingMessage, names: ReadonlySet<string>): Error | undefined {
  // As many names as lines: nearly all requests.
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
