import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'
import type { ConnectionOptions } from './redis-options.ts'

export interface FinderCallbacks {
  /** The server is connected, and has taken the password. */
  readonly onFound: () => void
  /** The server may be another one from now on: the connection ended, or another one begins. */
  readonly onLost: () => void
  readonly onTrouble: (error: Error) => void
}

/** Pause between two connects that look for the primary, milliseconds. */
const LEAVE_AGAIN_MS = 1_000

/** Finds the server by ioredis: its name or Sentinel, and connecting again with back-off, for ever. */
export class ServerFinder {
  readonly client: Redis
  readonly #callbacks: FinderCallbacks
  readonly #connectTimeoutMs: number
  #opening: NodeJS.Timeout | undefined
  #leftAt = Number.NEGATIVE_INFINITY
  /** The socket whose errors have a listener of ours. */
  #expected: Redis['stream'] | undefined

  /** `client`: made with redisOptions of these options, and not connected yet. */
  constructor({ connectTimeoutMs }: ConnectionOptions, client: Redis, callbacks: FinderCallbacks) {
    this.#callbacks = callbacks
    this.#connectTimeoutMs = connectTimeoutMs
    this.client = client
    this.client.on('connect', () => {
      callbacks.onLost()
      this.#watchOpening()
    })
    this.client.on('close', () => {
      clearTimeout(this.#opening)
      callbacks.onLost()
    })
    this.client.on('ready', () => {
      clearTimeout(this.#opening)
      callbacks.onFound()
    })
    // ioredis prints errors that have no listener.
    this.client.on('error', error => {
      this.#expectErrors()
      callbacks.onTrouble(error)
    })
  }

  /** The socket to the server that was found. */
  get socket(): Socket {
    return this.client.stream as Socket
  }

  /** Begins to connect; failures are tried again for ever. */
  open(): void {
    this.client.connect().catch(() => {})
  }

  close(): void {
    clearTimeout(this.#opening)
    this.#expectErrors()
    this.client.disconnect(false)
  }

  /** Gives up the socket and connects again. */
  reconnect(): void {
    this.#expectErrors()
    this.client.disconnect(true)
  }

  /**
   * The server is a replica: its name, or Sentinel, may lead to the primary by now. Redis closes no connection when it is
   * demoted.
   */
  leaveReplica(): void {
    const now = performance.now()
    if (now - this.#leftAt < LEAVE_AGAIN_MS || this.client.status !== 'ready') return
    this.#leftAt = now
    this.reconnect()
  }

  /**
   * ioredis waits for ever for the first answer of a server that took the connection: a frozen one, or one that a
   * firewall has forgotten.
   */
  #watchOpening(): void {
    clearTimeout(this.#opening)
    this.#opening = setTimeout(() => {
      this.#callbacks.onTrouble(new Error('Redis took the connection and does not answer'))
      this.reconnect()
    }, this.#connectTimeoutMs)
  }

  /**
   * ioredis listens for one error of a socket. TLS may report two, of the handshake and of what the peer says to its end, and
   * an error without a listener ends the process.
   */
  #expectErrors(): void {
    const { stream } = this.client
    if (stream === undefined || stream === this.#expected) return
    this.#expected = stream
    stream.on('error', () => {})
  }
}
