import type { Pool } from 'pg'
import { PARTITIONS } from '../consistency/partitions.ts'
import type { ViewSnapshot } from '../consistency/views.ts'
import { within } from '../within.ts'
import { type Availability, lateView } from './availability.ts'
import { ViewMissingError } from './rows.ts'
import { healView, selectPartitionSnapshots } from './statements/view.ts'

export interface PartitionViewsDeps {
  readonly viewPool: Pool
  /** Longest wait for one statement. */
  readonly viewTimeoutMs: number
  readonly availability: Availability
}

interface Waiter {
  readonly view: number
  readonly resolve: (snapshot: ViewSnapshot) => void
  readonly reject: (error: unknown) => void
}

/**
 * The views of all partitions for lease renewals, which begin together: those that wait share one statement, one at a time. A
 * read never joins a statement that was sent before the read began.
 */
export class PartitionViews {
  readonly #deps: PartitionViewsDeps
  #waiting: Waiter[] = []
  #reading = false

  constructor(deps: PartitionViewsDeps) {
    this.#deps = deps
  }

  /** The snapshot of one view, by the id of its row. Rejects with what the server said, or DatabaseUnavailableError when it is late. */
  read(view: number): Promise<ViewSnapshot> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ view, resolve, reject })
      if (this.#reading) return
      this.#reading = true
      // Replies of several nodes arrive in one turn of the event loop.
      setImmediate(() => void this.#readAll())
    })
  }

  async #readAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting
      this.#waiting = []
      try {
        const snapshots = await this.#readInTime()
        for (const { view, resolve, reject } of waiters) {
          const snapshot = snapshots.get(view)
          if (snapshot === undefined) reject(new ViewMissingError(`cache_view lacks the row ${view}`))
          else resolve(snapshot)
        }
      } catch (error) {
        for (const { reject } of waiters) reject(error)
      }
    }
    this.#reading = false
  }

  /** Tells the Availability of each statement, not of each renewal that waits for it: one that is late is no outage. */
  async #readInTime(): Promise<ReadonlyMap<number, ViewSnapshot>> {
    const { viewTimeoutMs, availability } = this.#deps
    return availability.watch(() => within(viewTimeoutMs, this.#snapshots(), () => lateView(viewTimeoutMs)))
  }

  async #snapshots(): Promise<ReadonlyMap<number, ViewSnapshot>> {
    const { viewPool } = this.#deps
    const snapshots = await selectPartitionSnapshots(viewPool)
    if (snapshots.size === PARTITIONS) return snapshots
    await healView(viewPool, 1)
    return selectPartitionSnapshots(viewPool)
  }
}
