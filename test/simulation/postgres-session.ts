import type { Row } from '../../src/consistency/document-rows.ts'
import { DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import type { View } from '../../src/consistency/views.ts'
import type { LockMode, Locks } from './postgres-locks.ts'
import type { SimProcess } from './process.ts'
import type { Timeline } from './timeline.ts'

/** `statement_timeout`. */
export const STATEMENT_MS = 2_000
/** `deadlock_timeout`, after which one of two that wait for one another is rolled back. */
export const DEADLOCK_MS = 300

/** The server that a session is of. */
interface Host {
  readonly timeline: Timeline
  readonly locks: Locks
  readonly sessions: Set<Session>
}

/** One connection and the transaction on it. */
export class Session {
  ended = false
  readonly writes: Row[] = []
  xid: bigint | undefined
  viewAfter: { readonly id: number; readonly view: View } | undefined
  readonly process: SimProcess | undefined
  readonly #server: Host
  readonly #over = Promise.withResolvers<never>()

  constructor(server: Host, process: SimProcess | undefined) {
    this.#server = server
    this.process = process
    this.#over.promise.catch(() => {})
  }

  /** Waits for a lock, at most `patienceMs`. Rejects when the session ends meanwhile. */
  async lock(name: string, mode: LockMode, patienceMs = STATEMENT_MS): Promise<void> {
    // A statement that arrives after its connection has ended takes no lock: nobody would ever release it.
    this.check()
    let cancel = () => {}
    const acquired = this.#server.locks.acquire(this, name, mode, () => {
      cancel = this.#server.timeline.later(patienceMs, () => this.end())
    })
    try {
      await Promise.race([acquired, this.#over.promise])
    } finally {
      cancel()
    }
  }

  check(): void {
    if (this.ended) throw new DatabaseUnavailableError('terminating connection')
  }

  /** Rolls back whatever was not committed. */
  end(): void {
    if (this.ended) return
    this.ended = true
    this.#server.sessions.delete(this)
    this.#server.locks.release(this)
    this.#over.reject(new DatabaseUnavailableError('terminating connection'))
  }
}
