import type { ScriptOutcome } from '../consistency/cache-port.ts'
import { CacheUnavailableError } from '../consistency/cache-port.ts'
import type { ViewToken } from '../consistency/ports.ts'
import { sameIdentity } from '../consistency/token.ts'
import type { ReadConnection } from './read-connection.ts'
import { type Reply, RespError } from './resp.ts'
import { readScript } from './script-files.ts'

type Argument = string | number | Buffer

/**
 * Runs the Lua scripts on a connection of their own, so that a slow one delays no read. They go over its lane: scripts
 * of one turn of the event loop leave in one write.
 */
export class ScriptRunner {
  readonly #connection: ReadConnection
  readonly #scripts: ReadonlyMap<string, ReturnType<typeof readScript>>

  /** `names` are the files in scripts/, without their ending. */
  constructor(connection: ReadConnection, names: readonly string[]) {
    this.#connection = connection
    this.#scripts = new Map(names.map(name => [name, readScript(name)]))
  }

  /**
   * Runs a script that answers a ScriptOutcome, if the connection's server is the dataset of V. Rejects as
   * ReadConnection.send does.
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
    const { server } = this.#connection
    if (server === undefined) throw new CacheUnavailableError('the connection for scripts is not ready')
    if (server.cluster) throw new CacheUnavailableError('Redis Cluster is not supported')
    if (!sameIdentity(v.identity, server.identity)) return 'view'
    const reply = await this.#send(name, [
      String(keys.length),
      ...keys,
      ...args.map(arg => (typeof arg === 'number' ? String(arg) : arg)),
    ])
    return Buffer.isBuffer(reply) ? reply.toString() : reply
  }

  async #send(name: string, args: readonly (string | Buffer)[]): Promise<Reply> {
    const { text, sha1 } = this.#scripts.get(name)!
    try {
      return await this.#connection.send(['EVALSHA', sha1, ...args])
    } catch (error) {
      // The script did not run: sending it again repeats nothing.
      if (!(error instanceof RespError && error.message.startsWith('NOSCRIPT'))) throw error
      return await this.#connection.send(['EVAL', text, ...args])
    }
  }
}
