import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'

/** One log line per minute while connections are dropped. */
const LOG_EVERY_MS = 60_000
/** A destroyed socket counts until the event loop closes it, so this many more than the limit may be open. */
const CLOSING = 16

export interface ConnectionsDeps {
  /** Connections of callers at once; Infinity = no limit. */
  readonly limit: number
  readonly log: Pick<FastifyBaseLogger, 'warn'>
  /** A connection was closed because there were too many. */
  readonly onDropped: () => void
}

/**
 * Bounds the connections of callers. At the limit it closes the connection that has been open longest without a whole
 * request: idle attackers look like this. If there is none, it closes the new one. There is no bound per address, because
 * behind a proxy all callers share one.
 */
export class Connections {
  readonly #deps: ConnectionsDeps
  /** Connections without a request so far, or with their last answer, oldest first. */
  readonly #silent = new Set<Socket>()
  #open = 0
  #loggedAt = Number.NEGATIVE_INFINITY
  #dropped = 0

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps
  }

  get open(): number {
    return this.#open
  }

  watch(server: Server): void {
    const { limit } = this.#deps
    // In case connections open faster than they close: Node never reads from those that it drops.
    if (Number.isFinite(limit)) server.maxConnections = limit + CLOSING
    server.on('drop', () => this.#drop())
    server.on('connection', (socket: Socket) => {
      this.#open++
      socket.once('close', () => {
        this.#open--
        this.#silent.delete(socket)
      })
      this.#silent.add(socket)
      if (this.#open <= limit) return
      const [oldest] = this.#silent
      this.#silent.delete(oldest!)
      oldest!.destroy()
      this.#drop()
    })
  }

  /** A whole request arrived on the socket: it is never closed for being silent. */
  markActive(socket: Socket): void {
    this.#silent.delete(socket)
  }

  /** The socket has had its last answer: it is closed before others are. */
  markSpent(socket: Socket): void {
    this.#silent.add(socket)
  }

  #drop(): void {
    this.#dropped++
    this.#deps.onDropped()
    const now = performance.now()
    if (now - this.#loggedAt < LOG_EVERY_MS) return
    this.#loggedAt = now
    const { limit, log } = this.#deps
    log.warn(
      { dropped: this.#dropped, open: this.#open, limit },
      'connections are closed: more are open than CONNECTIONS_MAX and the limit of open files allow',
    )
    this.#dropped = 0
  }
}
