import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import { openWebhooks } from '../open-webhooks.ts'
import { Availability } from '../store/availability.ts'
import { createViewPool } from '../store/pool.ts'
import { toAll } from '../telemetry/fan-out.ts'
import { inOneLine } from '../telemetry/logged-error.ts'
import { outageWebhooks } from '../telemetry/outage-webhooks.ts'
import { ProtocolObserver, type StepHook } from '../telemetry/protocol-observer.ts'
import { type StoreSystem, traceCalls } from '../telemetry/store-work.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

export interface FoundationOptions {
  readonly pool: Pool
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  /** Chaos runs stop the process at the numbered steps of the protocol. */
  readonly step?: StepHook
}

/** What all parts of the gateway are built on. */
export interface Foundation {
  readonly config: Config
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  /** The telemetry, and the webhooks of outages. Not for what each read calls. */
  readonly outages: Telemetry
  readonly observer: ProtocolObserver
  readonly pool: Pool
  /** The connection of the lease renewals. */
  readonly viewPool: Pool
  readonly availability: Availability
  /** Undefined without a WEBHOOK_URL. */
  readonly webhooks: Webhooks | undefined
  /** Traces the calls of a port when traces are configured. */
  traced<T extends object>(system: StoreSystem, port: T): T
}

/** Connects to nothing. */
export function layFoundation(config: Config, { pool, log, telemetry, step }: FoundationOptions): Foundation {
  const availability = new Availability()
  let webhooks: Webhooks | undefined
  const outages = toAll(
    telemetry,
    outageWebhooks((type, details) => webhooks?.tell(type, details)),
  )
  const observer = new ProtocolObserver(log, outages, step)
  webhooks = openWebhooks(config, { pool, availability, log, telemetry, observer })
  return {
    config,
    log,
    telemetry,
    outages,
    observer,
    pool,
    viewPool: createViewPool(config.database, config.times.leaseMs, error =>
      log.warn({ reason: inOneLine(error) }, 'the database connection of the lease renewals was lost'),
    ),
    availability,
    webhooks,
    traced: (system, port) => (config.tracing.endpoint === undefined ? port : traceCalls(system, port)),
  }
}
