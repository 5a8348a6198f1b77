import type { Pool } from 'pg'
import type { FleetStorePort, InstanceReport, SeenInstance } from '../fleet/ports.ts'
import type { Availability } from './availability.ts'
import { deleteInstance, selectInstances, upsertInstance } from './statements/instances.ts'

/** The FleetStorePort over the `instances` table. */
export class PostgresFleet implements FleetStorePort {
  readonly #pool: Pool
  readonly #availability: Availability

  constructor(pool: Pool, availability: Availability) {
    this.#pool = pool
    this.#availability = availability
  }

  renew(report: InstanceReport, most: number): Promise<void> {
    return this.#availability.query(() => upsertInstance(this.#pool, report, most))
  }

  remove(id: string): Promise<void> {
    return this.#availability.query(() => deleteInstance(this.#pool, id))
  }

  list(aliveMs: number, most: number): Promise<readonly SeenInstance[]> {
    return this.#availability.query(() => selectInstances(this.#pool, aliveMs, most))
  }
}
