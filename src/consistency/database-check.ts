import type { CachePort, Marker } from './cache-port.ts'
import type { Lease } from './lease.ts'
import type { DatabaseState, StorePort, WriteTransaction } from './ports.ts'

export interface DatabaseCheckDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly lease: Lease
}

/** Servers remembered; a database has one at a time, or one per node. */
const MAX_SERVERS = 64

/** The database was set back to a time before a transaction that was seen to end. */
export const SET_BACK = 'database-set-back'

/**
 * Notices that the database is not what it was: another one, or an earlier state of itself (a restore, a branch, a
 * promoted standby that lagged). What the server tells of itself comes with the state; where it tells nothing, a
 * transaction id that is not over yet although Redis (the marker) or this process has seen the end of it does.
 */
export class DatabaseCheck {
  readonly #deps: DatabaseCheckDeps
  readonly #servers = new Set<string>()
  #seen: Marker | undefined

  constructor(deps: DatabaseCheckDeps) {
    this.#deps = deps
  }

  /** Read before the database is asked: what it names had ended by then. Null = there is none, or Redis does not say. */
  async marker(): Promise<Marker | null> {
    const { cache } = this.#deps
    if (!cache.usable) return null
    try {
      return await cache.readMarker()
    } catch {
      return null
    }
  }

  /**
   * True when the database is the one it was. Otherwise a new incarnation has begun when this resolves, and whatever was
   * read before is to be read again. `marker` was read before `state`.
   */
  async accept(state: DatabaseState, marker: Marker | null): Promise<boolean> {
    const reason = this.#faultOf(state, marker)
    if (reason === null) this.#remember(state)
    else await this.#begin(state, reason)
    return reason === null
  }

  /**
   * The same for a transaction that has changed nothing yet: a server that has started since the last look may hold
   * another state. False = it is rolled back, and is to be begun again.
   */
  async admits(tx: Pick<WriteTransaction, 'server' | 'look' | 'rollback'>): Promise<boolean> {
    if (this.#servers.has(tx.server)) return true
    const marker = await this.marker()
    const state = await tx.look()
    const reason = this.#faultOf(state, marker)
    if (reason === null) this.#remember(state)
    else {
      // It holds the VIEW lock.
      await tx.rollback()
      await this.#begin(state, reason)
    }
    return reason === null
  }

  #remember(state: DatabaseState): void {
    if (this.#seen?.database !== state.database || this.#seen.xid < state.nextXid)
      this.#seen = { database: state.database, xid: state.nextXid }
    if (this.#servers.size >= MAX_SERVERS) this.#servers.clear()
    this.#servers.add(state.server)
  }

  async #begin({ database }: DatabaseState, reason: string): Promise<void> {
    this.#deps.lease.drop()
    await this.#deps.store.beginIncarnation(database, reason)
  }

  /** Why this is not the database that it was; null = it is. */
  #faultOf(state: DatabaseState, marker: Marker | null): string | null {
    if (state.moved !== null) return state.moved
    return isOfFuture(marker, state) || isOfFuture(this.#seen, state) ? SET_BACK : null
  }
}

/** True when a transaction had ended by the time of the marker that this database has not begun. */
export function isOfFuture(
  marker: Marker | null | undefined,
  { database, nextXid }: Pick<DatabaseState, 'database' | 'nextXid'>,
): boolean {
  return marker != null && marker.database === database && marker.xid > nextXid
}
