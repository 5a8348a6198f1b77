import type { Pool } from 'pg'
import type { ChangeToTell, EndToTell, Position, WebhookStorePort } from '../webhooks/ports.ts'
import type { Availability } from './availability.ts'
import { claimWebhooks, noteWebhooks, selectChangesToTell, selectEndsToTell } from './statements/webhooks.ts'

/** The WebhookStorePort over the index of changes and two tables of its own. */
export class PostgresWebhooks implements WebhookStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  claim(holder: string, leaseMs: number): Promise<Position | undefined> {
    return this.#availability.query(() => claimWebhooks(this.#pool, holder, leaseMs))
  }

  note(holder: string, leaseMs: number, position: Position, ends: readonly bigint[]): Promise<boolean> {
    return this.#availability.query(() => noteWebhooks(this.#pool, holder, leaseMs, position, ends))
  }

  changes(position: Position, limit: number): Promise<readonly ChangeToTell[]> {
    return this.#availability.query(() => selectChangesToTell(this.#pool, position, limit))
  }

  ends(limit: number): Promise<readonly EndToTell[]> {
    return this.#availability.query(() => selectEndsToTell(this.#pool, limit))
  }
}
