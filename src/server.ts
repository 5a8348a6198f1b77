import { pathToFileURL } from 'node:url'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { type AppOverrides, buildApp } from './app.ts'
import { withClusterFound } from './cache/cluster-detection.ts'
import { type Config, type Environment, loadConfig, readEnvironment } from './config.ts'
import type { Services } from './services.ts'
import { shutDown } from './shutdown.ts'
import { startFailure } from './start-failure.ts'
import { logStart } from './start-log.ts'
import { handleUnhandled } from './unhandled.ts'

export interface RunningServer {
  readonly app: FastifyInstance
  readonly services: Services
  /** Where it listens, such as http://127.0.0.1:8080. */
  readonly url: string
  /** Not ready at once; in-flight requests finish; pools close. Resolves within SHUTDOWN_TIMEOUT_MS. */
  close(): Promise<void>
}

/** Loads the configuration, builds, connects, listens. ConfigError names all faults; see startFailure. */
export async function startServer(env: Environment, overrides: AppOverrides = {}): Promise<RunningServer> {
  const config = await withClusterFound(loadConfig(env))
  const gateway = await buildApp(config, overrides)
  const { app, services } = gateway
  try {
    await services.start()
    const url = await app.listen({ host: addressOf(config.http.host), port: config.http.port })
    logStart(app.log, config, { url, migrated: services.migrationReport() })
    // The first beat was before it listened, and told no port.
    if (services.status.ready) void services.fleet.beat()
    return { app, services, url, close: () => shutDown(gateway, config.shutdown) }
  } catch (error) {
    await app.close()
    throw error
  }
}

/**
 * Fastify binds both addresses of `localhost`, but not for a server that the gateway makes itself: it would bind only
 * the first one, and callers of the other would be refused. Callers of localhost try 127.0.0.1 as well.
 */
function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host
}

async function main(): Promise<void> {
  let config: Config | undefined
  try {
    const env = readEnvironment()
    config = loadConfig(env)
    const server = await startServer(env)
    const { timeoutMs } = config.shutdown
    closeWithGrace({ delay: timeoutMs, skip: ['uncaughtException', 'unhandledRejection'] }, () =>
      server.close(),
    )
    handleUnhandled(server.app.log, () => {
      setTimeout(() => process.exit(1), timeoutMs)
      server.close().finally(() => process.exit(1))
    })
  } catch (error) {
    process.stderr.write(`settings-gateway does not start: ${startFailure(error, config)}\n`)
    process.exit(1)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
