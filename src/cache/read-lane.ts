import type { Socket } from 'node:net'
import { LOOP_STALL_MS, RedisTimeoutError } from './deadline.ts'
import { encodeCommand, type Reply, RespError, RespParser } from './resp.ts'

/** Is told the outcome of one command, once: a RedisTimeoutError, a RespError, what broke the connection, or a reply. */
export type OnReply = (error: unknown, reply: Reply) => void

export interface LaneOptions {
  /** Longest wait for a reply, milliseconds. */
  readonly timeoutMs: number
  /** Is told once that the connection cannot be used any more. */
  readonly onLost: (error: Error) => void
  /** An exception of a callback: a fault of this program, which says nothing about Redis. */
  readonly onFault: (error: unknown) => void
  /**
   * With it each write ends with INFO replication. It gets that reply before the callbacks of the write get theirs, and so
   * tells them of which dataset their replies are: a connection outlives a change of the server's role or dataset.
   */
  readonly onInfo?: (info: Reply) => void
  /** Is told each error that the server replied, before the caller is. */
  readonly onRefused?: (error: RespError) => void
}

interface Pending {
  readonly onReply: OnReply
  /** The INFO at the end of a write. */
  readonly closing: boolean
  /** What came for it, until the INFO behind it is there as well. */
  reply: Reply
  /** performance.now() from which its wait counts. */
  waitsFrom: number
  /** Its wait began again, because this process stood still. */
  extended: boolean
  /** Its caller gave up; the reply is still to come. */
  abandoned: boolean
}

/** Commands whose replies are to come: more is a server that does not keep up. */
const MAX_PENDING = 10_000
/** Answered entries at the front of the queue that are worth a copy. */
const COMPACT_AT = 1_024
const IDENTITY = encodeCommand(['INFO', 'replication'])
const NOTHING = () => {}

/**
 * A lean connection that only sends commands and reads replies in their order. It does not connect again: its
 * owner is told once (`onLost`) and makes another.
 *
 * Commands of one turn of the event loop leave in one write, behind what is under way already; each is answered
 * by itself. One timer watches the oldest command instead of one timer each.
 *
 * With `onInfo`, replies wait for the INFO at the end of their write. A primary that was demoted and promoted again has
 * another replication id, so that one INFO behind the replies speaks for all of them.
 */
export class ReadLane {
  readonly #socket: Socket
  readonly #options: LaneOptions
  /** In the order sent. Those before #first are settled and removed, so that memory is freed. */
  #pending: (Pending | undefined)[] = []
  #first = 0
  /** Commands before it have their replies, which are held back until the INFO of their write is there. */
  #next = 0
  #outgoing = ''
  #turn = 0
  #lost: Error | undefined
  #watch: NodeJS.Timeout | undefined

  /** `socket` is connected. */
  constructor(socket: Socket, options: LaneOptions) {
    this.#socket = socket
    this.#options = options
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

  /** Sends the text that encodeCommand made, which callers may send many times. */
  ask(command: string, onReply: OnReply): void {
    const error = this.#refusal()
    if (error !== undefined) {
      onReply(error, null)
      return
    }
    this.#send(command, onReply)
  }

  #send(command: string, onReply: OnReply, closing = false): void {
    const waitsFrom = performance.now()
    this.#pending.push({ onReply, closing, reply: null, waitsFrom, extended: false, abandoned: false })
    if (this.#outgoing === '') setImmediate(this.#flush)
    this.#outgoing += command
    if (this.#watch === undefined) this.#watchFor(this.#options.timeoutMs)
  }

  close(): void {
    this.#lose(new Error('the connection to Redis was given up'))
  }

  /** The number of the next write: commands of one turn leave in it together. */
  get turn(): number {
    return this.#turn
  }

  #refusal(): Error | undefined {
    if (this.#lost !== undefined) return this.#lost
    return this.#pending.length - this.#first < MAX_PENDING ? undefined : new Error('Redis does not keep up')
  }

  readonly #flush = () => {
    if (this.#lost === undefined) {
      if (this.#options.onInfo !== undefined) this.#send(IDENTITY, NOTHING, true)
      this.#socket.write(this.#outgoing, 'latin1')
    }
    this.#turn++
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
    const pending = this.#pending[this.#next]
    if (pending === undefined) throw new Error('Redis sent a reply without a command')
    this.#next++
    pending.reply = reply
    const { onInfo } = this.#options
    if (onInfo !== undefined) {
      if (!pending.closing) return
      this.#guard(() => onInfo(reply))
    }
    while (this.#first < this.#next && this.#lost === undefined) this.#deliver()
  }

  /** Calls back for the first command that is not settled; its reply is there. */
  #deliver(): void {
    const { reply, onReply, abandoned } = this.#pending[this.#first]!
    this.#pending[this.#first] = undefined
    if (++this.#first >= COMPACT_AT) {
      this.#pending = this.#pending.slice(this.#first)
      this.#next -= this.#first
      this.#first = 0
    }
    if (abandoned) return
    try {
      if (reply instanceof RespError) {
        this.#options.onRefused?.(reply)
        onReply(reply, null)
      } else onReply(undefined, reply)
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  /** What a callback throws must not look like a fault of the connection. */
  #guard(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#options.onFault(error)
    }
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
      if (pending.abandoned || pending.closing) continue
      if (stalled && !pending.extended) {
        pending.extended = true
        pending.waitsFrom = now
      }
      const left = pending.waitsFrom + this.#options.timeoutMs - now
      if (left > 0) next = Math.min(next, left)
      else this.#abandon(pending)
    }
    if (next < Number.POSITIVE_INFINITY) this.#watchFor(Math.ceil(next))
  }

  #abandon(pending: Pending): void {
    pending.abandoned = true
    const error = new RedisTimeoutError(`Redis did not answer within ${this.#options.timeoutMs} ms`)
    this.#guard(() => pending.onReply(error, null))
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    clearTimeout(this.#watch)
    this.#socket.destroy()
    const pending = this.#pending.slice(this.#first)
    this.#pending = []
    this.#first = 0
    this.#next = 0
    for (const each of pending) if (!each!.abandoned) this.#guard(() => each!.onReply(error, null))
    this.#options.onLost(error)
  }
}
