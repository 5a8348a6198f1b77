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
  /** While it returns true requests are left to Fastify. */
  readonly underPressure: () => boolean
  /** Is told of each answer, as Fastify's hooks are of the others. */
  readonly onAnswered: (exchange: Exchange, status: number, milliseconds: number) => void
  /** Runs the work of a request so that its trace sees it; absent = requests are not traced. */
  readonly traced?: ((request: IncomingMessage, work: () => void) => void) | undefined
}

/** Every read in the table needs it, see scopes.ts. */
const READ_SCOPE: Scope = 'read'

/**
 * The door in front of Fastify: plain reads of callers who were verified before. What is not so simple - another method, a
 * query, an Origin, an unknown caller, headers that a route refuses - is left to Fastify, whose routes call the same responder.
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
    // Before anything is read or created.
    const waitMs = limits.take(exchange.caller)
    if (waitMs > 0) responder.refuse(exchange, rateLimited(waitMs))
    else responder.respond(exchange, (known, onAnswer) => reads.answer(actor, read, known, onAnswer))
  }
}

/** Nothing that another part of the gateway has to look at: CORS, a body that a GET should not have, no host or two. */
function isPlain({ headers }: IncomingMessage): boolean {
  return (
    headers.origin === undefined &&
    headers.host?.includes(',') === false &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}

/** Undefined where Fastify's routes answer with a problem. */
function userOf(principal: Principal, { headers }: IncomingMessage): string | undefined {
  try {
    return actingUser(principal, headers['x-user-id'])
  } catch {
    return undefined
  }
}
