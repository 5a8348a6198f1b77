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

/** A GET or HEAD of settings, and who makes it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** X-Request-Id of the answer. */
  readonly id: string
  /** The route's pattern. */
  readonly route: string
  /** Principal.caller. */
  readonly caller: string
  /** For logs; undefined = it is about no user. */
  readonly userId: string | undefined
  /** Is told the status when the answer has been written; absent behind Fastify, whose hooks tell. */
  readonly onAnswered?: (status: number) => void
}

/** Makes the read of an exchange, given the versions that the caller knows. */
export type Read = (known: KnownVersions | undefined, onAnswer: OnAnswer) => void

export interface ResponderDeps {
  /** Large answers not taken yet. */
  readonly answers: ByteBudget
  /** While it returns true every answer closes its connection. */
  readonly draining: () => boolean
  readonly log: ProblemLog
}

/**
 * Writes every answer to a read of settings: 200, 304, and the problem that a read fails with. Both doors call it, the
 * socket's in front of Fastify and the routes' behind it, so that both answer the same by construction.
 */
export class Responder {
  readonly #deps: ResponderDeps
  /**
   * Heads of hits, by the bodies and, for 304, by the versions: the near cache answers with the same objects each time. Its
   * bytes are answered with another Cache-Status too, so only of hits.
   */
  readonly #heads = new WeakMap<Buffer | Versions, readonly string[]>()

  constructor(deps: ResponderDeps) {
    this.#deps = deps
  }

  /** Answers with what `read` brings. */
  respond(exchange: Exchange, read: Read): void {
    const known = parseIfNoneMatch(exchange.request.headers['if-none-match'])
    read(known, (error, answer) => {
      if (answer === undefined) this.refuse(exchange, error)
      else this.#send(exchange, answer, isKnown(known, answer.versions))
    })
  }

  /** Answers with the problem that the error is. */
  refuse(exchange: Exchange, error: unknown): void {
    const problem = toProblem(error)
    const { id, route, userId } = exchange
    logProblem(this.#deps.log, problem, { reqId: id, route, user: userId })
    this.#write(exchange, problemAnswer(problem, id))
  }

  #send(exchange: Exchange, answer: ReadAnswer, callerHasIt: boolean): void {
    const body = answer.body === null || callerHasIt ? undefined : answer.body
    if (body !== undefined && body.length > LARGE_ANSWER_BYTES && !this.#bound(exchange, body.length)) return
    const head =
      answer.status === 'hit' && answer.body !== null ? this.#keptHead(answer, body) : headOf(answer, body)
    this.#write(exchange, { status: body === undefined ? 304 : 200, head, body })
  }

  /** False = refused: too much is on its way. */
  #bound(exchange: Exchange, bytes: number): boolean {
    const { request, response, caller } = exchange
    const release = this.#deps.answers.take(shareOf(caller, request.headers), bytes)
    if (typeof release === 'string') {
      this.refuse(exchange, tooMuch(release))
      return false
    }
    onResponseEnd(request.socket, response, release)
    return true
  }

  #keptHead(answer: ReadAnswer, body: Buffer | undefined): readonly string[] {
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
