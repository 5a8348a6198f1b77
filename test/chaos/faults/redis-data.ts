import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { TestRedis } from '../../helper/backends.ts'
import type { Random } from '../../simulation/random.ts'
import { between, type Fault } from './fault.ts'

const MEMORY = String(512 * 1024 * 1024)

/** Redis loses data, or cannot take any. */
export const REDIS_DATA_FAULTS: readonly Fault[] = [
  {
    name: 'Redis killed, AOF cut',
    async inject(context) {
      const { redis } = context.stack
      await redis.kill()
      cutAppendOnlyFile(redis, shareKept(context.random))
      await between(context, 0, 1_000)
      await redis.restart()
    },
  },
  {
    name: 'FLUSHALL',
    async inject({ stack }) {
      await stack.command(client => client.flushall())
    },
  },
  {
    name: 'SCRIPT FLUSH',
    async inject({ stack }) {
      await stack.command(client => client.script('FLUSH'))
    },
  },
  {
    name: 'Redis out of memory',
    async inject(context) {
      const limit = (bytes: string) =>
        context.stack.command(client => client.config('SET', 'maxmemory', bytes))
      await limit('1')
      await between(context, 200, 2_000)
      await limit(MEMORY)
    },
  },
]

/** How much of an append-only file stays: a little is lost more often than a lot. */
export function shareKept(random: Random): number {
  return random.chance(0.3) ? random.next() : 1 - random.next() ** 3 / 4
}

/** Cuts the newest part of the append-only file of a Redis that does not run. */
export function cutAppendOnlyFile({ dataDir }: Pick<TestRedis, 'dataDir'>, kept: number): void {
  const directory = join(dataDir, 'appendonlydir')
  for (const name of readdirSync(directory).filter(each => each.endsWith('.incr.aof'))) {
    const path = join(directory, name)
    const { size } = statSync(path)
    truncateSync(path, Math.floor(size * kept))
  }
}
