import type { CacheHeads, CacheIdentity, CacheReply } from '../consistency/cache-port.ts'
import { CacheUnavailableError, KeysElsewhereError } from '../consistency/cache-port.ts'
import { HEAD_BYTES } from '../consistency/stored-bytes.ts'
import { sameIdentity } from '../consistency/token.ts'
import type { KeyNames } from './keys.ts'
import { markerIn } from './marker.ts'
import type { RedisConnection } from './redis-connection.ts'
import { encodeCommand, type Reply, RespError, RespProtocolError } from './resp.ts'
import { readScript } from './script-files.ts'

/** What a node of a cluster says of keys that it does not hold, or not all of them. */
const KEYS_ELSEWHERE = /^(MOVED|ASK|TRYAGAIN) /

/** Is told the reply, or why there is none. */
export type OnOutcome<T> = (error: unknown, reply: T | undefined) => void

const HEADS = readScript('heads')
const NOTHING = Buffer.alloc(0)

/** The commands about one list of keys, each made when it is first sent. */
interface Commands {
  heads?: string
  stamp?: string
  exist?: string
  /** performance.now() at which all keys were there. */
  completeAt: number
}

/** The number of no connection: the reply is of another dataset than the one that was asked. */
const CHANGED = -1

/**
 * Time between two questions whether the keys are there, milliseconds. The answer changes no read: it fills in again what an
 * operator deleted or Redis evicted. To ask for thirteen keys each time costs a bundle 3 to 5 %.
 */
const EXIST_EVERY_MS = 1_000

const LAST_OF_HEAD = String(HEAD_BYTES - 1)

/**
 * The connections that serve reads. For the lease they count as one: `generation` is another number as soon as any of
 * them was made again or leads to another dataset. A reply counts for the number that stood when its command was sent only
 * if it still stands when the reply is delivered, which the lane does behind the INFO at the end of that write.
 */
export class ReadPool {
  readonly connections: readonly RedisConnection[]
  /** The near cache brings the same list of keys each time. */
  readonly #commands = new WeakMap<readonly string[], Commands>()
  readonly #names: KeyNames
  #next = 0

  constructor(connections: readonly RedisConnection[], names: KeyNames) {
    this.connections = connections
    this.#names = names
  }

  get generation(): number {
    let newest = 0
    for (const { generation } of this.connections) if (generation > newest) newest = generation
    return newest
  }

  /** One MGET, one round trip. */
  read(keys: readonly string[], answered: OnOutcome<CacheReply>): void {
    const connection = this.generation
    this.#pick().ask(encodeCommand(['MGET', ...keys]), (error, values) => {
      if (Array.isArray(values) && values.every(isBytesOrNull))
        answered(undefined, { values, connection: this.#still(connection) })
      else answered(error ?? unknownAnswer('MGET'), undefined)
    })
  }

  /**
   * The first bytes of each key, of one moment, in one round trip. The commands live as long as the list of keys does:
   * encoding thirteen keys again costs more than everything else here.
   */
  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnOutcome<CacheHeads>): void {
    const commands = this.#commandsOf(keys)
    if (stampKey === undefined) {
      commands.heads ??= headsCommand(keys)
      this.#heads(commands.heads, keys, answered)
    } else {
      commands.stamp ??= headsCommand([stampKey])
      if (performance.now() - commands.completeAt < EXIST_EVERY_MS) this.#stamp(commands.stamp, answered)
      else this.#stampAndKeys(commands, commands.stamp, keys, answered)
    }
  }

  #stamp(command: string, answered: OnOutcome<CacheHeads>): void {
    const connection = this.generation
    this.#pick().ask(command, (error, stamp) => {
      if (stamp instanceof Buffer || error instanceof RespError)
        answered(undefined, { heads: stampOrNothing(stamp), connection: this.#still(connection) })
      else answered(error ?? unknownAnswer('a read of a stamp'), undefined)
    })
  }

  /** Two commands in one write: thirteen keys cost Redis a fifth of what a script that reads their heads does. */
  #stampAndKeys(
    commands: Commands,
    stampCommand: string,
    keys: readonly string[],
    answered: OnOutcome<CacheHeads>,
  ): void {
    commands.exist ??= encodeCommand(['EXISTS', ...keys])
    const connection = this.generation
    const lane = this.#pick()
    let stamp: Reply = null
    lane.ask(stampCommand, (_error, reply) => {
      stamp = reply
    })
    lane.ask(commands.exist, (error, count) => {
      if (typeof count !== 'number') {
        answered(error ?? unknownAnswer('EXISTS'), undefined)
        return
      }
      const isComplete = count === keys.length
      if (isComplete) commands.completeAt = performance.now()
      const heads = isComplete ? stampOrNothing(stamp) : NOTHING
      answered(undefined, { heads, connection: this.#still(connection) })
    })
  }

  #heads(command: string, keys: readonly string[], answered: OnOutcome<CacheHeads>): void {
    const connection = this.generation
    this.#pick().ask(command, (error, heads) => {
      if (heads instanceof Buffer) answered(undefined, { heads, connection: this.#still(connection) })
      // Redis was restarted, or SCRIPT FLUSH: nothing ran.
      else if (isNoScript(error)) this.#heads(evalCommand(keys), keys, answered)
      else answered(error ?? unknownAnswer('a read of heads'), undefined)
    })
  }

  /** Asks every connection who its server is. Rejects when they disagree: a failover is under way. */
  async identify(): Promise<CacheIdentity> {
    const connection = this.generation
    const viewSource = this.connections[0]!
    const { view: viewKey, gate: gateKey, marker: markerKey, absent } = this.#names
    const [texts, ...servers] = await Promise.all([
      // While the slot of a cluster is on its way, its node refuses keys of which one is missing.
      viewSource.send(['MGET', viewKey, gateKey, markerKey, absent]).catch(error => {
        const { server } = viewSource
        if (server === undefined || !(error instanceof RespError && KEYS_ELSEWHERE.test(error.message)))
          throw error
        throw new KeysElsewhereError(error.message, server.identity)
      }),
      ...this.connections.map(each => each.info()),
    ])
    const [first] = servers
    if (connection !== this.generation || first === undefined)
      throw new CacheUnavailableError('a connection was lost')
    if (
      servers.some(server => !sameIdentity(first.identity, server.identity) || server.role !== first.role)
    ) {
      throw new CacheUnavailableError('the connections speak to different servers')
    }
    if (first.role !== 'master') for (const each of this.connections) each.leaveReplica()
    const { refusal } = viewSource
    if (refusal !== undefined) throw new CacheUnavailableError(refusal)
    const [view = null, gate = null, marker = null] = Array.isArray(texts) ? texts.map(textOrNull) : []
    return {
      connection,
      identity: first.identity,
      role: first.role,
      view,
      gateHeld: view !== null && view === gate,
      marker: markerIn(marker),
    }
  }

  #commandsOf(keys: readonly string[]): Commands {
    let commands = this.#commands.get(keys)
    if (commands === undefined) {
      commands = { completeAt: Number.NEGATIVE_INFINITY }
      this.#commands.set(keys, commands)
    }
    return commands
  }

  #still(connection: number): number {
    return connection === this.generation ? connection : CHANGED
  }

  #pick(): RedisConnection {
    this.#next = (this.#next + 1) % this.connections.length
    return this.connections[this.#next]!
  }
}

/** Several keys need a script: pipelined commands are not of one moment. */
function headsCommand(keys: readonly string[]): string {
  if (keys.length === 1) return encodeCommand(['GETRANGE', keys[0]!, '0', LAST_OF_HEAD])
  return encodeCommand(['EVALSHA', HEADS.sha1, String(keys.length), ...keys])
}

function evalCommand(keys: readonly string[]): string {
  return encodeCommand(['EVAL', HEADS.text, String(keys.length), ...keys])
}

function isNoScript(error: unknown): boolean {
  return error instanceof RespError && error.message.startsWith('NOSCRIPT')
}

/** When an operator wrote a stamp of another type, the whole is read, and its heads decide. */
function stampOrNothing(stamp: unknown): Buffer {
  return stamp instanceof Buffer ? stamp : NOTHING
}

function textOrNull(reply: Reply): string | null {
  return reply === null ? null : String(reply)
}

function isBytesOrNull(reply: Reply): reply is Buffer | null {
  return reply === null || reply instanceof Buffer
}

function unknownAnswer(command: string): RespProtocolError {
  return new RespProtocolError(`Redis sent an unexpected reply to ${command}`)
}
