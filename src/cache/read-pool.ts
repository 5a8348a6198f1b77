import type { CacheHeads, CacheIdentity, CacheReply } from '../consistency/ports.ts'
import { CacheUnavailableError } from '../consistency/ports.ts'
import { HEAD_BYTES } from '../consistency/stored-bytes.ts'
import { sameIdentity } from '../consistency/token.ts'
import type { RedisConnection } from './connection.ts'
import { VIEW_KEY } from './keys.ts'
import { scriptText } from './script-files.ts'

interface HeadsCommand {
  headsBuffer(count: number, ...keys: string[]): Promise<Buffer>
}

/**
 * The connections that serve reads. For the lease they count as one: `generation` is another number as soon as
 * any of them was made anew.
 */
export class ReadPool {
  readonly connections: readonly RedisConnection[]
  #next = 0

  constructor(connections: readonly RedisConnection[]) {
    this.connections = connections
    for (const { client } of connections) client.defineCommand('heads', { lua: scriptText('heads') })
  }

  get generation(): number {
    let newest = 0
    for (const { generation } of this.connections) if (generation > newest) newest = generation
    return newest
  }

  /** One MGET, one round trip. */
  async read(keys: readonly string[]): Promise<CacheReply> {
    const connection = this.generation
    const picked = this.#pick()
    const values = await picked.inTime(picked.client.mgetBuffer(keys as string[]))
    return { values, connection }
  }

  /** The first bytes of each key, of one moment, in one round trip. */
  async readHeads(keys: readonly string[]): Promise<CacheHeads> {
    const connection = this.generation
    const picked = this.#pick()
    const { client } = picked
    const reply =
      keys.length === 1
        ? client.getrangeBuffer(keys[0]!, 0, HEAD_BYTES - 1)
        : (client as unknown as HeadsCommand).headsBuffer(keys.length, ...keys)
    return { heads: await picked.inTime(reply), connection }
  }

  /** Asks every connection who its server is. Rejects when they disagree: a failover is under way. */
  async identify(): Promise<CacheIdentity> {
    const connection = this.generation
    const viewSource = this.connections[0]!
    const [view, ...servers] = await Promise.all([
      viewSource.inTime(viewSource.client.get(VIEW_KEY)),
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
    if (first.cluster) throw new CacheUnavailableError('Redis Cluster is not supported')
    return { connection, identity: first.identity, role: first.role, view }
  }

  #pick(): RedisConnection {
    this.#next = (this.#next + 1) % this.connections.length
    return this.connections[this.#next]!
  }
}
