import { hostname } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from './config.ts'
import type { ObserverPort } from './consistency/ports.ts'
import type { Availability } from './store/availability.ts'
import { PostgresWebhooks } from './store/postgres-webhooks.ts'
import { SYSTEM_CLOCK } from './system-clock.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { WebhooksObserver } from './telemetry/webhooks-observer.ts'
import { HttpReceiver } from './webhooks/http-receiver.ts'
import { Webhooks } from './webhooks/webhooks.ts'

export interface OpenWebhooksOptions {
  readonly pool: Pool
  readonly availability: Availability
  readonly log: FastifyBaseLogger
  readonly telemetry: Telemetry
  readonly observer: Pick<ObserverPort, 'failed'>
}

/** Undefined without a WEBHOOK_URL. */
export function openWebhooks(
  { webhook }: Pick<Config, 'webhook'>,
  { pool, availability, log, telemetry, observer }: OpenWebhooksOptions,
): Webhooks | undefined {
  if (webhook === undefined) return undefined
  return new Webhooks({
    store: new PostgresWebhooks(pool, availability),
    receiver: new HttpReceiver(webhook),
    observer: new WebhooksObserver(log, telemetry, observer, webhook.url.host),
    name: SYSTEM_CLOCK.nonce(),
    instance: hostname(),
  })
}
