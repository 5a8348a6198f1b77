import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEVELOPMENT_JWT_SECRET, DEVELOPMENT_SERVICE_TOKEN } from '../../config.ts'
import { end, freePort, spawnChild, untilReady } from '../child.ts'
import { startPrivatePostgres } from '../private-postgres.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { findRedis } from '../redis-binary.ts'

const SERVER = fileURLToPath(new URL('../../server.ts', import.meta.url))
const REDIS_CACHE = fileURLToPath(new URL('../../../.data', import.meta.url))
/** A busy machine may take that long. */
const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 30_000

export interface PrivateGateway {
  readonly url: string
  readonly databaseUrl: string
  stop(): Promise<void>
}

/** A gateway in a process of its own, over backends of its own that are gone afterwards. Its token is the development one. */
export async function startPrivateGateway(): Promise<PrivateGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'settings-gateway-ginie-'))
  const undo: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })]
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const postgres = await startPrivatePostgres({ dataDir: join(directory, 'postgres') })
    undo.push(() => postgres.stop())
    const binary = findRedis(REDIS_CACHE)
    if (binary === undefined) throw new Error('no Redis: neither on the PATH nor by apt-get')
    const redis = await startPrivateRedis({ binary, dataDir: join(directory, 'redis') })
    undo.push(() => redis.stop())
    const port = await freePort()
    const server = spawnChild(process.execPath, [SERVER], {
      deathSignal: 'TERM',
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        // The engine keeps the machine busy: that is no outage.
        DATABASE_CONNECT_TIMEOUT_MS: '10000',
        STATEMENT_TIMEOUT_MS: '10000',
        SHUTDOWN_TIMEOUT_MS: '20000',
        MAX_EVENT_LOOP_DELAY_MS: '0',
        PORT: String(port),
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        JWT_SECRET: DEVELOPMENT_JWT_SECRET,
        SERVICE_TOKENS: `ginie=${DEVELOPMENT_SERVICE_TOKEN}`,
      },
    })
    undo.push(() => end(server, 'SIGTERM', STOP_TIMEOUT_MS))
    const url = `http://127.0.0.1:${port}`
    await untilReady(server, () => ready(url), START_TIMEOUT_MS)
    return { url, databaseUrl: postgres.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ready(url: string): Promise<void> {
  const { status } = await fetch(`${url}/health/ready`)
  if (status !== 200) throw new Error(`the gateway answers ${status}`)
}
