import type { FastifyReply, FastifyRequest } from 'fastify'
import type {
  OnAnswer,
  PastService,
  PointInTime,
  ReadAnswer,
  ReadService,
  SettingsRead,
} from '../../settings/service.ts'
import { principalOf, readerOf, userOf } from '../caller.ts'
import type { Read, Responder } from './responder.ts'

/** The door behind Fastify: passes requests of the routes of reads to the responder, with the headers that hooks have set. */
export class RouteDoor {
  readonly #responder: Responder
  readonly #reads: ReadService
  readonly #past: PastService

  constructor(responder: Responder, reads: ReadService, past: PastService) {
    this.#responder = responder
    this.#reads = reads
    this.#past = past
  }

  /** Answers with the documents of the user that the request names; as they were `when`, if it is given. Throws for a request that names none. */
  answer(
    request: FastifyRequest,
    reply: FastifyReply,
    read: SettingsRead,
    when: PointInTime | undefined,
  ): void {
    const actor = readerOf(request)
    this.respond(request, reply, (known, onAnswer) => {
      if (when === undefined) this.#reads.answer(actor, read, known, onAnswer)
      else passOn(this.#past.read(actor.userId, read, when), onAnswer)
    })
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

/** Passes on how a promise of an answer ends. */
export function passOn(promise: Promise<ReadAnswer>, onAnswer: OnAnswer): void {
  promise.then(
    answer => onAnswer(undefined, answer),
    error => onAnswer(error, undefined),
  )
}
