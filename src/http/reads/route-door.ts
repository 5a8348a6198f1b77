import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReadService, SettingsRead } from '../../settings/service.ts'
import { principalOf, readerOf, userOf } from '../caller.ts'
import type { Read, Responder } from './responder.ts'

/** The door behind Fastify: passes requests of the routes of reads to the responder, with the headers that hooks have set. */
export class RouteDoor {
  readonly #responder: Responder
  readonly #reads: ReadService

  constructor(responder: Responder, reads: ReadService) {
    this.#responder = responder
    this.#reads = reads
  }

  /** Answers with the documents of the user that the request names. Throws for a request that names none. */
  answer(request: FastifyRequest, reply: FastifyReply, read: SettingsRead): void {
    const actor = readerOf(request)
    this.respond(request, reply, (known, onAnswer) => this.#reads.answer(actor, read, known, onAnswer))
  }

  /** Answers with the result of `read`. */
  respond(request: FastifyRequest, reply: FastifyReply, read: Read): void {
    const { raw: response } = reply
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value)
    }
    reply.hijack()
    this.#responder.respond(
      {
        request: request.raw,
        response,
        id: request.id,
        route: request.routeOptions.url ?? '',
        caller: principalOf(request).caller,
        userId: userOf(request),
      },
      read,
    )
  }
}
