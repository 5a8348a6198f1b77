import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { type ChangePoint, pointText } from '../events/change-point.ts'
import type { ChangeListener, DocumentChange } from '../events/ports.ts'
import type { Expiry } from '../expiry.ts'

export interface EventStreamOptions {
  readonly reply: FastifyReply
  readonly userId: string
  readonly expiry: Expiry | undefined
  readonly since: ChangePoint | null | undefined
  /** Called when the stream is closed because its caller reads too slowly. */
  readonly onDropped: () => void
}

/** A silent connection gets a comment line after this time, so that both ends know that it lives. */
const HEARTBEAT_MS = 15_000
/** Most unsent bytes of a stream. Beyond them it is closed; when its client reconnects it gets what it missed. */
const MAX_UNSENT_BYTES = 64 * 1024
/** Clients of an instance that ends reconnect spread over this time. */
const RECONNECT_MS = 1_000
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'private, no-store',
  vary: 'Authorization, X-User-Id, Origin',
  // nginx would keep events back until its buffer is full.
  'x-accel-buffering': 'no',
}

/** The server-sent events of one listener. It has no queue of its own: a socket that does not drain ends the stream. */
export class EventStream implements ChangeListener {
  readonly userId: string
  readonly expiry: Expiry | undefined
  readonly since: ChangePoint | null | undefined
  readonly #reply: FastifyReply
  readonly #raw: ServerResponse
  readonly #onDropped: () => void
  readonly #opening = Promise.withResolvers<void>()
  #id = ''
  #spokeAt = 0

  constructor({ reply, userId, expiry, since, onDropped }: EventStreamOptions) {
    this.#reply = reply
    this.#raw = reply.raw
    this.userId = userId
    this.expiry = expiry
    this.since = since
    this.#onDropped = onDropped
  }

  /** Resolves when the stream is open and the reply hijacked from Fastify; rejects with the error of `fail`. */
  get opened(): Promise<void> {
    return this.#opening.promise
  }

  open(point: ChangePoint, missed: readonly DocumentChange[] | 'resync'): void {
    this.#reply.headers(HEADERS).hijack()
    this.#raw.writeHead(200, this.#reply.getHeaders() as OutgoingHttpHeaders)
    // An id without data is no event; a client that loses the connection at once sends it as Last-Event-ID.
    this.#id = pointText(this.since ?? point)
    this.#write(`: open\nid: ${this.#id}\n\n`)
    this.changed(point, missed)
    this.#opening.resolve()
  }

  changed(point: ChangePoint, changes: readonly DocumentChange[] | 'resync'): void {
    const before = this.#id
    this.#id = pointText(point)
    if (changes === 'resync') {
      this.#write(`id: ${this.#id}\nevent: resync\ndata: {}\n\n`)
      return
    }
    // All but the last carry the previous id, so that a client that got only some of them gets all of them again.
    const texts = changes.map((change, index) =>
      eventText(index < changes.length - 1 ? before : this.#id, change),
    )
    if (texts.length > 0) this.#write(texts.join(''))
  }

  idle(): void {
    if (performance.now() - this.#spokeAt >= HEARTBEAT_MS) this.#write(': nothing changed\n\n')
  }

  /** Called when the caller has disconnected: nothing is written any more, and a stream that is not open yet never opens. */
  leave(): void {
    this.#reply.hijack()
    this.#raw.destroy()
    this.#opening.resolve()
  }

  fail(error: unknown): void {
    this.#opening.reject(error)
  }

  end(): void {
    const wait = Math.round(Math.random() * RECONNECT_MS)
    this.#write(`event: reconnect\nretry: ${wait}\ndata: {}\n\n`)
    this.#raw.end()
  }

  #write(text: string): void {
    if (this.#raw.destroyed || this.#raw.writableEnded) return
    this.#raw.write(text)
    this.#spokeAt = performance.now()
    if (this.#raw.writableLength <= MAX_UNSENT_BYTES) return
    this.#onDropped()
    this.#raw.destroy()
  }
}

function eventText(id: string, { document, version, deleted }: DocumentChange): string {
  const data = JSON.stringify({ document, version, ...(deleted ? { deleted } : {}) })
  return `id: ${id}\nevent: change\ndata: ${data}\n\n`
}
