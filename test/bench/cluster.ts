import { join } from 'node:path'
import { Pool } from 'undici'
import { startCluster } from '../../src/dev/private-cluster.ts'
import { findRedis } from '../../src/dev/redis-binary.ts'
import { randomUsers } from './growth.ts'
import type { LoadGenerator } from './load.ts'
import { DECISION } from './reads.ts'
import { type Contender, compare, type Result, type Rounds } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, CACHE_DIR, type Stack, startStack } from './stack.ts'
import { growthUser } from './user-data.ts'

const DOCUMENT = '/api/futures/ginie/modes/scalp'
/** Enough for each of the 64 partitions. */
const USERS = 500
const NODE_TIMEOUT_MS = 5_000
const PRIMARIES = 3

/** Reads of many users through a gateway on one Redis, and through one on three nodes; each with a database of its own. */
export async function compareCluster(
  stack: Stack,
  generator: LoadGenerator,
  single: ServerProcess,
  rounds: Rounds,
): Promise<Result[]> {
  const other = await startStack()
  const cluster = await startCluster({
    binary: findRedis(CACHE_DIR)!,
    dir: join(other.directory, 'cluster'),
    ...{ primaries: PRIMARIES, replicas: 0, nodeTimeoutMs: NODE_TIMEOUT_MS },
  })
  try {
    const many = await other.gateway({ REDIS_URL: undefined, REDIS_CLUSTER_NODES: cluster.seeds })
    for (const { url } of [single, many]) await readEachUser(url)
    const script = randomUsers(stack, 'cluster', USERS, 1)
    const gets = (path: string, name: string): Contender[] => {
      const load = ({ url }: ServerProcess) => ({
        url: `${url}${path}`,
        headers: asBot(growthUser(0)),
        script,
      })
      return [
        { name: `one Redis, ${name}`, load: load(single), server: single },
        { name: `three nodes, ${name}`, against: `one Redis, ${name}`, load: load(many), server: many },
      ]
    }
    return await compare(
      generator,
      [...gets(DOCUMENT, 'one document'), ...gets(DECISION, 'decision-settings')],
      rounds,
    )
  } finally {
    await other.stop()
    await cluster.stop()
  }
}

/** Twice: the second read is a hit, where the first has made the user. */
async function readEachUser(url: string): Promise<void> {
  const pool = new Pool(url, { connections: 8 })
  const users = Array.from({ length: 2 * USERS }, (_, turn) => growthUser(turn % USERS))
  try {
    for (const user of users) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: DECISION, headers: asBot(user) })
      await body.dump()
      if (statusCode !== 200) throw new Error(`a read is answered ${statusCode}`)
    }
  } finally {
    await pool.close()
  }
}
