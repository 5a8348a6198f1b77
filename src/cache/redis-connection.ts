import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Redis } from 'ioredis'
import { inTime } from './deadline.ts'
import { connectBeside, introduce } from './lane-socket.ts'
import { type OnReply, ReadLane } from './read-lane.ts'
import { type ConnectionOptions, redisOptions } from './redis-options.ts'
import { encodeCommand, type Reply, RespError } from './resp.ts'
import { ServerFinder } from './server-finder.ts'
import { parseReplication, parseServerInfo, type ServerInfo } from './server-info.ts'

export interface RedisConnectionOptions extends ConnectionOptions {
  /** Longest wait for a reply. */
  readonly timeoutMs: number
  /** The server is to be a node of a Redis Cluster; without it, it must not be one. */
  readonly inCluster?: boolean
}

/** Commands of one turn of the event loop that several callers share. */
interface SharedTurn {
  readonly lane: ReadLane | undefined
  readonly turn: number
  readonly replies: Map<string, Promise<Reply>>
}

export const CLUSTER_FOUND =
  'the Redis server is a node of a Redis Cluster, which the gateway did not know when it started: start it again, or name nodes in REDIS_CLUSTER_NODES'
const NO_CLUSTER =
  'the Redis server is no node of a Redis Cluster: name it in REDIS_URL, not in REDIS_CLUSTER_NODES'

/** What a command answered, and the server as it was behind the reply. */
export interface WatchedReply {
  readonly reply: Reply
  readonly server: ServerInfo
}

/**
 * One connection to Redis that reconnects by itself, and knows which server it speaks to. ioredis finds the server (Sentinel,
 * reconnecting with back-off), and beside it a lean lane to the same address carries reads and scripts. They live and die
 * together: for the lease they are one connection, and who the server is, is asked over the lane: with INFO replication at
 * the end of each write, so that a change of the dataset is known before the replies of that write are.
 *
 * `generation` is another number after each reconnect and each change of the dataset behind it, in the whole process. Emits
 * `identified` with the ServerInfo after both, `trouble` with what broke the connection, `refused` with an error that the
 * server replied, and `fault` with what a callback threw.
 *
 * Why not ioredis alone: interleaved on one busy machine, 64 connections, auth on, bytes in the near cache, CPU of the
 * gateway per request 121 us with ioredis and 57 us with the lane for one document of 3 KB (0.29 and 0.66 of bare
 * Fastify), 233 us and 88 us for decision-settings (0.22 and 0.44).
 */
export class RedisConnection extends EventEmitter<{
  identified: [ServerInfo]
  trouble: [Error]
  refused: [RespError]
  fault: [unknown]
}> {
  static #generations = 0
  readonly #options: RedisConnectionOptions
  readonly #finder: ServerFinder
  #lane: ReadLane | undefined
  #generation = 0
  #server: ServerInfo | undefined
  #shared: SharedTurn | undefined
  /** Lines of INFO replication as long as nothing changes. */
  #lines: readonly Buffer[] = []

  /** `client`: that of app.redis, where it is to be this connection's. */
  constructor(options: RedisConnectionOptions, client: Redis = new Redis(redisOptions(options))) {
    super()
    this.#options = options
    this.#finder = new ServerFinder(options, client, {
      onFound: () => void this.#begin(),
      onLost: () => this.#lose(),
      onTrouble: error => this.emit('trouble', error),
    })
  }

  /** For commands that may take long, or have large replies. */
  get client(): Redis {
    return this.#finder.client
  }

  get generation(): number {
    return this.#generation
  }

  /** Undefined until the server of this connection has been asked. */
  get server(): ServerInfo | undefined {
    return this.#server
  }

  /** Why the server cannot be used as it is configured, for operators. */
  get refusal(): string | undefined {
    if (this.#server === undefined || this.#server.cluster === (this.#options.inCluster ?? false))
      return undefined
    return this.#server.cluster ? CLUSTER_FOUND : NO_CLUSTER
  }

  /** Begins to connect; failures are tried again for ever. */
  open(): void {
    this.#finder.open()
  }

  close(): void {
    this.#finder.close()
  }

  /** Gives up the server and looks for it again: for a peer that accepts bytes and never answers. */
  reconnect(): void {
    this.#finder.reconnect()
  }

  /** The server is a replica: looks for the primary. */
  leaveReplica(): void {
    this.#finder.leaveReplica()
  }

  /** Sends one command. Rejects with RedisTimeoutError, RespError, or what broke the connection. */
  send(args: readonly (string | Buffer)[]): Promise<Reply> {
    return this.#lane?.send(args) ?? Promise.reject(notReady())
  }

  /**
   * The same, but callers of one turn of the event loop share a command: the partitions of a cluster ask all at once, and INFO
   * costs Redis more than all their other questions. No caller joins a command that was sent before.
   */
  sendShared(args: readonly string[]): Promise<Reply> {
    const lane = this.#lane
    if (this.#shared === undefined || this.#shared.lane !== lane || this.#shared.turn !== lane?.turn)
      this.#shared = { lane, turn: lane?.turn ?? 0, replies: new Map() }
    const { replies } = this.#shared
    const command = args.join(' ')
    let reply = replies.get(command)
    if (reply === undefined) {
      reply = this.send(args)
      replies.set(command, reply)
    }
    return reply
  }

  /** Sends what encodeCommand made. The callback gets what `send` rejects with, or the reply. */
  ask(command: string, onReply: OnReply): void {
    if (this.#lane === undefined) onReply(notReady(), null)
    else this.#lane.ask(command, onReply)
  }

  /**
   * One command, and the server as the INFO behind it tells. Rejects as `send` does.
   *
   * Not MULTI, INFO, command, EXEC: a Redis that is full refuses to queue anything, and fences must pass there.
   */
  sendWatched(args: readonly (string | Buffer)[]): Promise<WatchedReply> {
    return new Promise((resolve, reject) => {
      this.ask(encodeCommand(args), (error, reply) => {
        const server = this.#server
        if (error !== undefined) reject(error)
        else if (server === undefined) reject(notReady())
        else resolve({ reply, server })
      })
    })
  }

  /** Asks the server who it is. Rejects as `send` does, or with UnidentifiedServerError. */
  async info(): Promise<ServerInfo> {
    const sections = await Promise.all([
      this.sendShared(['INFO', 'server']),
      this.sendShared(['INFO', 'replication']),
    ])
    return parseServerInfo(sections.join('\n'))
  }

  /** Rejects when ioredis or the lane gets no answer in time. */
  async ping(): Promise<void> {
    await Promise.all([inTime(this.client.ping(), this.#options.timeoutMs), this.send(['PING'])])
  }

  /** ioredis is connected, so the address of the server is known. */
  async #begin(): Promise<void> {
    const generation = this.#generation
    try {
      const socket = await connectBeside(this.#finder.socket, this.#options)
      if (generation !== this.#generation) {
        socket.destroy()
        return
      }
      await introduce(this.#openLane(socket), this.#options)
      const server = await this.info()
      if (generation === this.#generation) this.#identify(server)
    } catch (error) {
      if (generation === this.#generation) this.#giveUp(error)
    }
  }

  #openLane(socket: Socket): ReadLane {
    const lane = new ReadLane(socket, {
      timeoutMs: this.#options.timeoutMs,
      onLost: () => {
        if (this.#lane !== lane) return
        this.#lane = undefined
        this.reconnect()
      },
      onFault: error => this.emit('fault', error),
      onInfo: info => this.#compare(info),
      onRefused: error => this.emit('refused', error),
    })
    this.#lane = lane
    return lane
  }

  /** INFO replication, at the end of a write. By its bytes: it comes with every write of reads. */
  #compare(info: Reply): void {
    const server = this.#server
    if (server === undefined) return
    if (info instanceof Buffer && this.#lines.every(line => info.includes(line))) return
    try {
      if (info instanceof RespError) throw info
      const { role, replicationId } = parseReplication(String(info))
      this.#nextGeneration()
      this.#identify({ ...server, role, identity: { ...server.identity, replicationId } })
    } catch (error) {
      this.#giveUp(error)
    }
  }

  #identify(server: ServerInfo): void {
    const role = server.role === 'master' ? 'master' : 'slave'
    const lines = [`role:${role}`, `master_replid:${server.identity.replicationId}`]
    this.#lines = lines.map(line => Buffer.from(`\n${line}\r\n`))
    this.#server = server
    this.emit('identified', server)
  }

  #giveUp(error: unknown): void {
    this.emit('trouble', error instanceof Error ? error : new Error(String(error)))
    this.reconnect()
  }

  /** Nothing that was true of the server is known any more. */
  #lose(): void {
    this.#nextGeneration()
    this.#server = undefined
    const lane = this.#lane
    this.#lane = undefined
    lane?.close()
  }

  #nextGeneration(): void {
    this.#generation = ++RedisConnection.#generations
  }
}

function notReady(): Error {
  return new Error('the connection to Redis is not ready')
}
