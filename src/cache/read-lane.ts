import type { Socket } from 'node:net'
import { LOOP_STALL_MS, RedisTimeoutError } from './deadline.ts'
import { encodeCommand, type Reply, RespError, RespParser } from './resp.ts'

/** Is told the outcome of one command, once: a RedisTimeoutError, a RespError, what broke the connection, or a reply. */
export type OnReply = (error: unknown, reply: Reply) => void

interface Pending {
  readonly onReply: OnReply
  /** performance.now() from which its wait counts. */
  waitsFrom: number
  /** Its wait began anew, because this process stood still. */
  extended: boolean
  /** Its caller gave up; the reply is still to come. */
  abandoned: boolean
}

/** Commands whose replies are to come: more is a server that does not keep up. */
const MAX_PENDING = 10_000
/** Answered entries at the front of the queue that are worth a copy. */
const COMPACT_AT = 1_024

/**
 * A lean connection that only sends commands and reads replies in their order. It does not connect anew: whoever
 * made it is told once (`onLost`) and makes another.
 *
 * Commands of one turn of the event loop leave in one write, behind whatever is under way already; each is answered
 * by itself. One timer watches the oldest command instead of one timer each.
 */
export class ReadLane {
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #onLost: (error: Error) => void
  /** In the order sent; those before #first are answered and let go of, or they would grow old with all they hold. */
  #pending: (Pending | undefined)[] = []
  #first = 0
  #outgoing = ''
  #lost: Error | undefined
  #watch: NodeJS.Timeout | undefined

  /** `socket` is connected. `timeoutMs`: longest wait for a reply. */
  constructor(socket: Socket, timeoutMs: number, onLost: (error: Error) => void) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    this.#onLost = onLost
    const parser = new RespParser(reply => this.#answer(reply))
    socket.on('data', chunk => this.#feed(parser, chunk))
    socket.on('error', error => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the connection to Redis was closed')))
  }

  /** Rejects with RedisTimeoutError, RespError, or what broke the connection. */
  send(args: readonly (string | Buffer)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.ask(encodeCommand(args), (error, reply) => (error === undefined ? resolve(reply) : reject(error)))
    })
  }

  /** Sends what encodeCommand made; for callers that send the same one again and again. */
  ask(command: string, onReply: OnReply): void {
    const error = this.#refusal()
    if (error !== undefined) {
      onReply(error, null)
      return
    }
    const waitsFrom = performance.now()
    this.#pending.push({ onReply, waitsFrom, extended: false, abandoned: false })
    if (this.#outgoing === '') setImmediate(this.#flush)
    this.#outgoing += command
    if (this.#watch === undefined) this.#watchFor(this.#timeoutMs)
  }

  close(): void {
    this.#lose(new Error('the connection to Redis was given up'))
  }

  #refusal(): Error | undefined {
    if (this.#lost !== undefined) return this.#lost
    return this.#pending.length - this.#first < MAX_PENDING ? undefined : new Error('Redis does not keep up')
  }

  readonly #flush = () => {
    if (this.#lost === undefined) this.#socket.write(this.#outgoing, 'latin1')
    this.#outgoing = ''
  }

  #feed(parser: RespParser, chunk: Buffer): void {
    try {
      parser.feed(chunk)
    } catch (error) {
      this.#lose(error as Error)
    }
  }

  #answer(reply: Reply): void {
    const pending = this.#pending[this.#first]
    if (pending === undefined) throw new Error('Redis sent a reply that nobody waits for')
    this.#pending[this.#first] = undefined
    if (++this.#first >= COMPACT_AT) {
      this.#pending = this.#pending.slice(this.#first)
      this.#first = 0
    }
    if (pending.abandoned) return
    if (reply instanceof RespError) pending.onReply(reply, null)
    else pending.onReply(undefined, reply)
  }

  #watchFor(ms: number): void {
    const startedAt = performance.now()
    this.#watch = setTimeout(() => {
      const stalled = performance.now() - startedAt > ms + LOOP_STALL_MS
      // Sockets are read once more before the verdict.
      setImmediate(() => this.#judge(stalled))
    }, ms)
  }

  /** Gives up what waited too long. Time in which this process stood still is not Redis's fault (see deadline.ts). */
  #judge(stalled: boolean): void {
    this.#watch = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (let i = this.#first; i < this.#pending.length; i++) {
      const pending = this.#pending[i]!
      if (pending.abandoned) continue
      if (stalled && !pending.extended) {
        pending.extended = true
        pending.waitsFrom = now
      }
      const left = pending.waitsFrom + this.#timeoutMs - now
      if (left > 0) next = Math.min(next, left)
      else this.#abandon(pending)
    }
    if (next < Number.POSITIVE_INFINITY) this.#watchFor(Math.ceil(next))
  }

  #abandon(pending: Pending): void {
    pending.abandoned = true
    pending.onReply(new RedisTimeoutError(`Redis did not answer within ${this.#timeoutMs} ms`), null)
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    clearTimeout(this.#watch)
    this.#socket.destroy()
    const pending = this.#pending.slice(this.#first)
    this.#pending = []
    this.#first = 0
    for (const each of pending) if (!each!.abandoned) each!.onReply(error, null)
    this.#onLost(error)
  }
}
