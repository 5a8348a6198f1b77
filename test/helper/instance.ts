import { join } from 'node:path'
import type { Environment } from '../../src/config.ts'
import { end, freePort, spawnChild, untilReady, waitForEnd } from '../../src/dev/child.ts'
import type { Scope } from './backends.ts'
import { JWT_SECRET, SERVICE_TOKEN } from './gateway.ts'
import { nodeEnvironment } from './node-process.ts'

const SERVER = join(import.meta.dirname, '../../src/server.ts')
const START_MS = 120_000
/** Longer than any SHUTDOWN_TIMEOUT_MS of a test. */
const STOP_MS = 60_000

/** A gateway as a process of its own. */
export interface Instance {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** SIGTERM; resolves to the exit code, null when a signal ended it. */
  stop(): Promise<number | null>
}

/**
 * Starts a gateway and waits until it is ready; killed after the test. `server`: the server.ts of another one. `env -u`:
 * tap puts its own loaders into the NODE_OPTIONS of every child.
 */
export async function startInstance(
  t: Scope,
  env: Environment,
  port?: number,
  server = SERVER,
): Promise<Instance> {
  const taken = port ?? (await freePort())
  const url = `http://127.0.0.1:${taken}`
  const child = spawnChild('env', ['-u', 'NODE_OPTIONS', process.execPath, server], {
    deathSignal: 'KILL',
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...nodeEnvironment(),
      PORT: String(taken),
      LOG_LEVEL: 'error',
      JWT_SECRET,
      SERVICE_TOKENS: `bot=${SERVICE_TOKEN}`,
      ...env,
    },
  })
  let wanted = false
  child.once('exit', (code, signal) => {
    if (!wanted) process.stderr.write(`the gateway on port ${taken} has ended by itself: ${code ?? signal}\n`)
  })
  t.teardown(() => {
    wanted = true
    return end(child, 'SIGKILL', STOP_MS)
  })
  const ready = async () => {
    const { status } = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } })
    if (status !== 200) throw new Error(`/health/ready answered ${status}`)
  }
  await untilReady(child, ready, START_MS)
  return {
    url,
    port: taken,
    pid: child.pid!,
    stop: async () => {
      wanted = true
      child.kill('SIGTERM')
      await waitForEnd(child)
      return child.exitCode
    },
  }
}
