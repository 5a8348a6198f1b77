import type { IncomingMessage, ServerResponse } from 'node:http'
import { namedCaller } from '../../auth/actor.ts'
import type { Authenticator } from '../../auth/authenticator.ts'
import { actingUser, hasScope, isLooking, type Principal } from '../../auth/principal.ts'
import type { Scope } from '../../config.ts'
import type { ReadService } from '../../settings/service.ts'
import { rateLimited } from '../rate-limited.ts'
import type { CallerLimits } from '../rate-limits.ts'
import { requestId } from '../request-id.ts'
import type { Exchange, Responder } from './responder.ts'
import type { PlainRead } from './table.ts'

export interface SocketDoorDeps {
  readonly table: readonly PlainRead[]
  readonly reads: ReadService
  readonly responder: Responder
  readonly authenticator: Pick<Authenticator, 'known'>
  readonly limits: CallerLimits
  /** While it returns true, requests are left to Fastify. */
  readonly underPressure: () => boolean
  /** Called after each answer of this door; hooks do the same for the answers of Fastify. */
  readonly onAnswered: (exchange: Exchange, status: number, milliseconds: number) => void
  /** Runs the work of a request inside its trace; absent = requests are not traced. */
  readonly traced?: ((request: IncomingMessage, work: () => void) => void) | undefined
}

/** The scope that every read in the table needs, see scopes.ts. */
const READ_SCOPE: Scope = 'read'

/**
 * The door in front of Fastify: answers plain reads of callers who were verified before. All other requests - another method,
 * a query, an Origin, an unknown caller, headers that a route refuses - are left to Fastify, whose routes call the same responder.
 *
 * Why: Fastify's routing, request, reply and listeners cost more than Redis does. CPU per answer, interleaved on one machine:
 * 46 us here and 68 us when Fastify's first hook does the same and hijacks, for one document of 3 KB; 44 and 65 us for the
 * bundle; 49 and 79 us for a 304.
 */
export class SocketDoor {
  readonly #deps: SocketDoorDeps
  readonly #table: ReadonlyMap<string, PlainRead>

  constructor(deps: SocketDoorDeps) {
    this.#deps = deps
    this.#table = new Map(deps.table.map(read => [read.url, read]))
  }

  /** True = the request is answered; false = nothing was done. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { authenticator, underPressure } = this.#deps
    const plain = request.method === 'GET' ? this.#table.get(request.url!) : undefined
    if (plain === undefined || !isPlain(request) || underPressure()) return false
    const { headers } = request
    const principal = authenticator.known(headers.authorization)
    if (principal === undefined || !hasScope(principal, READ_SCOPE)) return false
    const userId = userOf(principal, request)
    const caller = namedCaller(principal, headers['x-actor'])
    if (userId === undefined || caller === undefined) return false
    const startedAt = performance.now()
    const exchange: Exchange = {
      request,
      response,
      id: requestId(request),
      route: plain.route,
      caller: principal.caller,
      userId,
      onAnswered: status => this.#deps.onAnswered(exchange, status, performance.now() - startedAt),
    }
    const { traced } = this.#deps
    const actor = { userId, caller, isLooking: isLooking(principal, 'GET') }
    if (traced === undefined) this.#answer(exchange, plain, actor)
    else traced(request, () => this.#answer(exchange, plain, actor))
    return true
  }

  #answer(exchange: Exchange, { read }: PlainRead, actor: Parameters<ReadService['answer']>[0]): void {
    const { limits, reads, responder } = this.#deps
    // Limits come first, before any read and before a user is created.
    const waitMs = limits.take(exchange.caller)
    if (waitMs > 0) responder.refuse(exchange, rateLimited(waitMs))
    else responder.respond(exchange, (known, onAnswer) => reads.answer(actor, read, known, onAnswer))
  }
}

/** True for a request without anything that only Fastify handles: CORS, a body of a GET, a missing or repeated Host. */
function isPlain({ headers }: IncomingMessage): boolean {
  return (
    headers.origin === undefined &&
    headers.host?.includes(',') === false &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}

/** The user to act for. Undefined where the routes of Fastify answer with a problem. */
function userOf(principal: Principal, { headers }: IncomingMessage): string | undefined {
  try {
    return actingUser(principal, headers['x-user-id'])
  } catch {
    return undefined
  }
}
