import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../src/config.ts'
import { createDatabase, type Scope, startRedis } from '../helper/backends.ts'
import { eventually } from '../helper/gateway.ts'
import { startHttpProxy } from '../helper/http-proxy.ts'
import { type LoadReport, OpenLoop } from './open-loop.ts'

export interface RollingReport extends LoadReport {
  readonly restarts: number
  /** Of the instances that were stopped. */
  readonly exitCodes: readonly (number | null)[]
  /** What the proxy saw fail. */
  readonly proxyFailures: readonly string[]
}

/** For machines that are busy with other work: this is about what a restart loses, not about how slow they are. */
export const PATIENT: Environment = {
  MAX_EVENT_LOOP_DELAY_MS: '0',
  DATABASE_CONNECT_TIMEOUT_MS: '10000',
  STATEMENT_TIMEOUT_MS: '10000',
  REDIS_READ_TIMEOUT_MS: '900',
  // Two renewals in a row that take longer than the lease are an outage of the database, and 503 for writes.
  LEASE_MS: '5000',
  OFF_WAIT_MS: '6000',
  SHUTDOWN_TIMEOUT_MS: '30000',
}
/** Between two restarts. */
const CALM_MS = 500

export interface RollingOptions {
  /** Requests per second. */
  readonly rate: number
  readonly seconds: number
  /** SHUTDOWN_DELAY_MS. The proxy looks at /health/ready every 100 ms, as often as the machine lets it. */
  readonly delayMs: number
  readonly start: StartInstance
  /** More configuration of the instances. */
  readonly env?: Environment
  /** What stands before the instances; if not given, a proxy that asks for /health/ready and never sends twice. */
  readonly balancer?: (t: Scope, ports: readonly number[]) => Promise<Balancer>
}

export interface Balancer {
  readonly url: string
  /** Whether the instance on this port is sent requests. */
  healthy(port: number): boolean | Promise<boolean>
  readonly failures: readonly string[]
}

/** Starts an instance, ready for requests, on `port` or a free one. `stop` resolves to its exit code. */
export type StartInstance = (
  t: Scope,
  env: Environment,
  port?: number,
) => Promise<{ readonly port: number; stop(): Promise<number | null> }>

/** Restarts two instances behind a proxy in turn, at least each once, for so many seconds of load. */
export async function rollingRestart(
  t: Scope,
  { rate, seconds, delayMs, start, env: more = {}, balancer = startHttpProxy }: RollingOptions,
): Promise<RollingReport> {
  const [databaseUrl, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    ...more,
    SHUTDOWN_DELAY_MS: String(delayMs),
  }
  const instances = [await start(t, env), await start(t, env)]
  const ports = instances.map(({ port }) => port)
  const proxy = await balancer(t, ports)
  for (const port of ports) await eventually('the proxy sees both', () => proxy.healthy(port))
  const load = new OpenLoop({ url: proxy.url, rate, writes: 0.1, users: 50 })
  await load.prepare()
  const stop = new AbortController()
  const running = load.run(stop.signal)
  const patience = performance.now() + seconds * 1_000
  const exitCodes: (number | null)[] = []
  for (let turn = 0; turn < 2 || performance.now() < patience; turn++) {
    await sleep(CALM_MS)
    const old = instances[turn % 2]!
    exitCodes.push(await old.stop())
    instances[turn % 2] = await start(t, env, old.port)
    await eventually('the proxy sees the new one', () => proxy.healthy(old.port))
  }
  stop.abort()
  await running
  return { ...load.report(), restarts: exitCodes.length, exitCodes, proxyFailures: proxy.failures }
}
