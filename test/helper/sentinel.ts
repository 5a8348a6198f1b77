import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../src/dev/child.ts'
import { spawnRedis } from '../../src/dev/private-redis.ts'
import type { RedisBinary } from '../../src/dev/redis-binary.ts'
import { onRedis } from '../chaos/stack.ts'
import { redisBinary, type Scope, temporaryDirectory } from './backends.ts'
import { eventually } from './gateway.ts'

/** The same binary under the name that makes it a Sentinel. */
function sentinelBinary(binary: RedisBinary, directory: string): RedisBinary {
  const path = join(directory, 'redis-sentinel')
  if (!existsSync(path)) symlinkSync(binary.path, path)
  return { ...binary, path }
}

/** The name that the Sentinel of a test knows its primary by. */
export const SENTINEL_NAME = 'primary'

export interface SentinelOptions {
  readonly primaryPort: number
  /** How long the primary may be silent before its replica is promoted. */
  readonly downAfterMs: number
  /** What primary and replica ask for. */
  readonly password?: string
}

/** A Sentinel that watches 127.0.0.1:`primaryPort`. Resolves to its address when it knows the replica. */
export async function startSentinel(t: Scope, options: SentinelOptions): Promise<string> {
  const { primaryPort, downAfterMs, password } = options
  const directory = temporaryDirectory(t)
  const port = await freePort()
  const file = join(directory, 'sentinel.conf')
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${primaryPort} 1`,
      `sentinel down-after-milliseconds ${SENTINEL_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${SENTINEL_NAME} 3000`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${SENTINEL_NAME} ${password}`]),
    ].join('\n'),
  )
  const child = spawnRedis(sentinelBinary(redisBinary(), directory), directory, [file, '--sentinel'])
  t.teardown(() => child.kill('SIGKILL'))
  await eventually('the Sentinel knows the replica', async () => {
    try {
      const replicas = await onRedis(`redis://127.0.0.1:${port}`, client =>
        client.call('SENTINEL', 'replicas', SENTINEL_NAME),
      )
      return (replicas as unknown[]).length === 1
    } catch {
      return false
    }
  })
  return `127.0.0.1:${port}`
}
