import { Fleet } from '../fleet/fleet.ts'
import { Instance } from '../fleet/instance.ts'
import type { ServerFacts } from '../fleet/ports.ts'
import { worstBreaker } from '../lifecycle/cluster-status.ts'
import { VERSION } from '../start-log.ts'
import { PostgresFleet } from '../store/postgres-fleet.ts'
import { SYSTEM_CLOCK } from '../system-clock.ts'
import { Vitals } from '../telemetry/vitals.ts'
import type { CacheLayer } from './cache-layer.ts'
import type { Foundation } from './foundation.ts'

/** The part of SHUTDOWN_TIMEOUT_MS that the row of this instance has to go. */
const REMOVAL_PART = 4

/** What this instance tells of itself, and what the others told. */
export function wireFleet(
  { config, observer, pool, availability }: Foundation,
  { view, redis, cluster }: CacheLayer,
  server: ServerFacts,
  ready: () => boolean,
): Fleet {
  const vitals = new Vitals()
  return new Fleet({
    instance: new Instance({
      version: VERSION,
      clock: SYSTEM_CLOCK,
      server,
      vitals,
      view,
      breaker: () => (cluster === undefined ? (redis?.breaker.state ?? null) : worstBreaker(cluster)),
      ready,
    }),
    store: new PostgresFleet(pool, availability),
    vitals,
    ready,
    removeMs: config.shutdown.timeoutMs / REMOVAL_PART,
    onFailed: error => observer.failed('heartbeat', error),
  })
}
