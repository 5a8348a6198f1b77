import { EventEmitter } from 'node:events'
import { Redis } from 'ioredis'
import { inTime } from './deadline.ts'
import type { ClientOptions } from './redis-options.ts'
import { parseServerInfo, type ServerInfo } from './server-info.ts'

/** That of ioredis, milliseconds. */
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000
/** Pause between two connects that look for the primary, milliseconds. */
const LEAVE_AGAIN_MS = 1_000

/**
 * One connection to Redis that reconnects by itself, and knows which server it speaks to. `generation` is another
 * number after each reconnect and each change of the dataset behind it, in the whole process. Emits `identified` with the
 * ServerInfo after both, and `fault` with what a callback threw.
 */
export class RedisConnection extends EventEmitter<{
  identified: [ServerInfo]
  trouble: [Error]
  fault: [unknown]
}> {
  static #generations = 0
  readonly client: Redis
  readonly #timeoutMs: number
  #generation = 0
  #server: ServerInfo | undefined
  #opening: NodeJS.Timeout | undefined
  #leftAt = Number.NEGATIVE_INFINITY
  /** The socket whose errors have a listener of ours. */
  #expected: Redis['stream'] | undefined
  readonly #openTimeoutMs: number

  /** `timeoutMs`: longest wait for a reply. */
  constructor(options: ClientOptions, timeoutMs: number) {
    super()
    this.#timeoutMs = timeoutMs
    this.#openTimeoutMs = options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS
    this.client = new Redis(options)
    this.client.on('connect', () => {
      this.lost()
      this.#watchOpening()
    })
    this.client.on('close', () => {
      clearTimeout(this.#opening)
      this.lost()
    })
    this.client.on('ready', () => {
      clearTimeout(this.#opening)
      void this.#identify()
    })
    // ioredis prints errors that have no listener.
    this.client.on('error', error => {
      this.#expectErrors()
      this.emit('trouble', error)
    })
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

  /** Begins to connect; failures are tried again for ever. */
  open(): void {
    this.client.connect().catch(() => {})
  }

  get generation(): number {
    return this.#generation
  }

  /** Undefined until the server of this connection has been asked. */
  get server(): ServerInfo | undefined {
    return this.#server
  }

  /** Commands of this connection, with the longest wait for their replies. RedisTimeoutError. */
  inTime<T>(replies: Promise<T>): Promise<T> {
    return inTime(replies, this.#timeoutMs)
  }

  /** Asks the server who it is, over this connection. */
  async info(): Promise<ServerInfo> {
    const [server, replication] = await this.inTime(
      Promise.all([this.client.info('server'), this.client.info('replication')]),
    )
    return parseServerInfo(`${server}\n${replication}`)
  }

  /** Gives up the socket and connects again: for a peer that accepts bytes and never answers. */
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

  close(): void {
    clearTimeout(this.#opening)
    this.#expectErrors()
    this.client.disconnect(false)
  }

  async ping(): Promise<void> {
    await this.inTime(this.client.ping())
  }

  /** What must be done on a connection before it can be asked. */
  protected async prepare(): Promise<void> {}

  /** Nothing that was true of the server is known any more. */
  protected lost(): void {
    this.#generation = ++RedisConnection.#generations
    this.#server = undefined
  }

  /** The same connection leads to another dataset, or the server has another role. */
  protected replaced(server: ServerInfo): void {
    this.#generation = ++RedisConnection.#generations
    this.#server = server
    this.emit('identified', server)
  }

  /**
   * ioredis waits for ever for the first answer of a server that took the connection: a frozen one, or one that a
   * firewall has forgotten.
   */
  #watchOpening(): void {
    clearTimeout(this.#opening)
    this.#opening = setTimeout(() => {
      this.emit('trouble', new Error('Redis took the connection and does not answer'))
      this.reconnect()
    }, this.#openTimeoutMs)
  }

  async #identify(): Promise<void> {
    const generation = this.#generation
    try {
      await this.prepare()
      const server = await this.info()
      if (generation !== this.#generation) return
      this.#server = server
      this.emit('identified', server)
    } catch (error) {
      if (generation !== this.#generation) return
      this.emit('trouble', error instanceof Error ? error : new Error(String(error)))
      this.reconnect()
    }
  }
}
