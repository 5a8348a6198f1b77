import type { ScriptOutcome } from '../consistency/cache-port.ts'
import { CacheUnavailableError } from '../consistency/cache-port.ts'
import { sameIdentity } from '../consistency/token.ts'
import type { DatasetIdentity, ViewToken } from '../consistency/views.ts'
import type { RedisConnection } from './redis-connection.ts'
import { type Reply, RespError } from './resp.ts'
import { readScript } from './script-files.ts'

type Argument = string | number | Buffer

/**
 * Runs the Lua scripts on a connection of their own, so that a slow one delays no read. They go over its lane: scripts
 * of one turn of the event loop leave in one write.
 *
 * A script cannot ask which dataset it runs on (not every Redis allows INFO in one), so its answer counts only when the INFO
 * behind it is of the dataset of V: a server that had another one meanwhile has another replication id. A replica that was
 * promoted holds the view of its former primary, so that a script may change it all the same: what scripts do there must
 * be harmless.
 */
export class ScriptRunner {
  readonly #connection: RedisConnection
  readonly #scripts: ReadonlyMap<string, ReturnType<typeof readScript>>

  /** `names` are the files in scripts/, without their ending. */
  constructor(connection: RedisConnection, names: readonly string[]) {
    this.#connection = connection
    this.#scripts = new Map(names.map(name => [name, readScript(name)]))
  }

  /** Runs a script that answers a ScriptOutcome. Rejects as RedisConnection.send does. */
  async run(
    v: ViewToken,
    name: string,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<ScriptOutcome> {
    const outcome = await this.call(v, name, keys, args)
    if (outcome === 'done' || outcome === 'refused' || outcome === 'view') return outcome
    throw new CacheUnavailableError(`the script ${name} gave an unexpected reply`)
  }

  /** The same for a script with an answer of its own; 'view' when the server is not the dataset of V. */
  async call(v: ViewToken, name: string, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const { text, sha1 } = this.#scripts.get(name)!
    const rest = [
      String(keys.length),
      ...keys,
      ...args.map(arg => (typeof arg === 'number' ? String(arg) : arg)),
    ]
    try {
      return await this.ask(v.identity, ['EVALSHA', sha1, ...rest])
    } catch (error) {
      // The script did not run: sending it again repeats nothing.
      if (!(error instanceof RespError && error.message.startsWith('NOSCRIPT'))) throw error
      return await this.ask(v.identity, ['EVAL', text, ...rest])
    }
  }

  /** A plain command; 'view' when the server is not this dataset. Rejects as RedisConnection.send does. */
  async ask(identity: DatasetIdentity, args: readonly (string | Buffer)[]): Promise<Reply> {
    const connection = this.#connection
    if (connection.server === undefined)
      throw new CacheUnavailableError('the connection for scripts is not ready')
    if (connection.refusal !== undefined) throw new CacheUnavailableError(connection.refusal)
    // The process cannot become another one while the connection lives; its role and dataset can.
    if (connection.server.identity.runId !== identity.runId) return 'view'
    try {
      const { reply, server } = await connection.sendWatched(args)
      if (server.role !== 'master') connection.leaveReplica()
      else if (sameIdentity(server.identity, identity))
        return Buffer.isBuffer(reply) ? reply.toString() : reply
      return 'view'
    } catch (error) {
      if (error instanceof RespError && error.message.startsWith('READONLY')) connection.leaveReplica()
      throw error
    }
  }
}
