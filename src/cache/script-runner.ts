import type { ScriptOutcome } from '../consistency/cache-port.ts'
import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { ViewToken } from '../consistency/ports.ts'
import { sameIdentity } from '../consistency/token.ts'
import type { RedisConnection } from './connection.ts'
import { scriptText } from './script-files.ts'

type Argument = string | number | Buffer

/** Runs the Lua scripts on a connection of their own, so that a slow one delays no read. */
export class ScriptRunner {
  readonly #connection: RedisConnection

  /** `names` are the files in scripts/, without their ending. */
  constructor(connection: RedisConnection, names: readonly string[]) {
    this.#connection = connection
    // ioredis sends EVALSHA, and EVAL after a NOSCRIPT: the script did not run then.
    for (const name of names) connection.client.defineCommand(name, { lua: scriptText(name) })
  }

  /**
   * Runs a script that answers a ScriptOutcome, if the connection's server is the dataset of V. Rejects with
   * whatever ioredis rejects with.
   */
  async run(
    v: ViewToken,
    name: string,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<ScriptOutcome> {
    const outcome = await this.call(v, name, keys, args)
    if (outcome === 'done' || outcome === 'refused' || outcome === 'view') return outcome
    throw new CacheUnavailableError(`the script ${name} answered something unknown`)
  }

  /** The same for a script with an answer of its own; 'view' when the server is not the dataset of V. */
  async call(
    v: ViewToken,
    name: string,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    const { server, client } = this.#connection
    if (server === undefined) throw new CacheUnavailableError('the connection for scripts is not ready')
    if (server.cluster) throw new CacheUnavailableError('Redis Cluster is not supported')
    if (!sameIdentity(v.identity, server.identity)) return 'view'
    const commands = client as unknown as Record<string, (...all: Argument[]) => Promise<unknown>>
    return await this.#connection.inTime(commands[name]!(keys.length, ...keys, ...args))
  }
}
