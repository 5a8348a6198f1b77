import type { IncomingMessage, ServerResponse } from 'node:http'
import { isKnown, type KnownVersions, type Versions } from '../../consistency/versions.ts'
import type { OnAnswer, ReadAnswer } from '../../settings/service.ts'
import type { ByteBudget } from '../byte-budget.ts'
import { LARGE_ANSWER_BYTES, shareOf, tooMuch } from '../bytes-in-flight.ts'
import { onResponseEnd } from '../connection-end.ts'
import { logProblem, type ProblemLog, problemAnswer, toProblem } from '../problems.ts'
import { type WholeAnswer, writeAnswer } from '../whole-answer.ts'
import { parseIfNoneMatch } from './conditional.ts'
import { CACHE_STATUS, JSON_TYPE, versionHeaders } from './headers.ts'

/** A GET or HEAD of settings with its caller. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** X-Request-Id of the answer. */
  readonly id: string
  /** The route's pattern. */
  readonly route: string
  /** Principal.caller. */
  readonly caller: string
  /** The user for logs; undefined = the request is about no user. */
  readonly userId: string | undefined
  /** Called with the status when the answer has been written; absent behind Fastify, where hooks do this. */
  readonly onAnswered?: (status: number) => void
}

/** Reads the settings of an exchange; gets the versions that the caller has. */
export type Read = (known: KnownVersions | undefined, onAnswer: OnAnswer) => void

export interface ResponderDeps {
  /** Counts large answers that callers have not received yet. */
  readonly answers: ByteBudget
  /** While it returns true, every answer closes its connection. */
  readonly draining: () => boolean
  readonly log: ProblemLog
}

/**
 * Writes every answer to a read of settings: 200, 304, and the problem that a read fails with. The socket door in front of
 * Fastify and the route door behind it both call it, so that both answer the same by construction.
 */
export class Responder {
  readonly #deps: ResponderDeps
  /**
   * Heads of hits, by the body or, for 304, by the versions: the near cache answers with the same objects each time. Hits only,
   * because the same bytes may be answered with another Cache-Status as well.
   */
  readonly #heads = new WeakMap<Buffer | Versions, readonly string[]>()

  constructor(deps: ResponderDeps) {
    this.#deps = deps
  }

  /** Answers with the result of `read`. */
  respond(exchange: Exchange, read: Read): void {
    const known = parseIfNoneMatch(exchange.request.headers['if-none-match'])
    read(known, (error, answer) => {
      if (answer === undefined) this.refuse(exchange, error)
      else this.#send(exchange, answer, isKnown(known, answer.versions))
    })
  }

  /** Answers with the problem of an error. */
  refuse(exchange: Exchange, error: unknown): void {
    const problem = toProblem(error)
    const { id, route, userId } = exchange
    logProblem(this.#deps.log, problem, { reqId: id, route, user: userId })
    this.#write(exchange, problemAnswer(problem, id))
  }

  #send(exchange: Exchange, answer: ReadAnswer, callerHasIt: boolean): void {
    const body = answer.body === null || callerHasIt ? undefined : answer.body
    if (body !== undefined && body.length > LARGE_ANSWER_BYTES && !this.#reserve(exchange, body.length))
      return
    const head =
      answer.status === 'hit' && answer.body !== null ? this.#headOfHit(answer, body) : headOf(answer, body)
    this.#write(exchange, { status: body === undefined ? 304 : 200, head, body })
  }

  /** Counts a large answer until it is sent. False = refused, because too many bytes are in flight. */
  #reserve(exchange: Exchange, bytes: number): boolean {
    const { request, response, caller } = exchange
    const release = this.#deps.answers.take(shareOf(caller, request.headers), bytes)
    if (typeof release === 'string') {
      this.refuse(exchange, tooMuch(release))
      return false
    }
    onResponseEnd(request.socket, response, release)
    return true
  }

  #headOfHit(answer: ReadAnswer, body: Buffer | undefined): readonly string[] {
    const key = body ?? answer.versions
    let head = this.#heads.get(key)
    if (head === undefined) {
      head = headOf(answer, body)
      this.#heads.set(key, head)
    }
    return head
  }

  #write({ response, id, onAnswered }: Exchange, answer: WholeAnswer): void {
    writeAnswer(response, id, this.#deps.draining() ? closing(answer) : answer)
    onAnswered?.(answer.status)
  }
}

function headOf({ status, versions }: ReadAnswer, body: Buffer | undefined): readonly string[] {
  const head = ['cache-status', CACHE_STATUS[status], ...Object.entries(versionHeaders(versions)).flat()]
  if (body !== undefined) head.push('content-type', JSON_TYPE, 'content-length', String(body.length))
  return head
}

function closing(answer: WholeAnswer): WholeAnswer {
  const { head } = answer
  return head.includes('connection') ? answer : { ...answer, head: [...head, 'connection', 'close'] }
}
