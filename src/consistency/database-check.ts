import type { CachePort, Marker } from './cache-port.ts'
import type { Lease } from './lease.ts'
import type { StorePort, WriteTransaction } from './store-port.ts'
import type { DatabaseState } from './views.ts'

export interface DatabaseCheckDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly lease: Lease
}

/** Most servers that are remembered; a database has one at a time, or one per node. */
const MAX_SERVERS = 64
/** Checks of a server without an answer of Redis, after which it is trusted, because Redis may refuse to return its marker. */
const ENOUGH_LOOKS = 4

/** The database was set back to a time before a transaction that was seen to end. */
export const SET_BACK = 'database-set-back'

/**
 * Notices that the database is another one, or an earlier state of itself (a restore, a branch, a promoted standby that
 * lagged). The state includes what the server reports of its identity. A server that reports nothing is recognised by a
 * transaction id that has not ended although Redis (the marker) or this process has seen its end.
 */
export class DatabaseCheck {
  readonly #deps: DatabaseCheckDeps
  /** Checks of each server since it started; ENOUGH_LOOKS once Redis has answered as well. */
  readonly #looks = new Map<string, number>()
  #latest: Marker | undefined

  constructor(deps: DatabaseCheckDeps) {
    this.#deps = deps
  }

  /** The database as last seen; undefined before the first state. */
  get database(): string | undefined {
    return this.#latest?.database
  }

  /** The database as last seen, with the transaction that would have begun next. */
  get latest(): Marker | undefined {
    return this.#latest
  }

  /**
   * The marker. Read it before the state of the database, so that its transaction has ended by then. Null = there is none;
   * undefined = Redis did not answer.
   */
  async marker(): Promise<Marker | null | undefined> {
    const { cache } = this.#deps
    if (!cache.usable) return undefined
    try {
      return await cache.readMarker()
    } catch {
      return undefined
    }
  }

  /**
   * True when the database is the same as before. Otherwise a new incarnation has begun when this resolves, and the caller
   * must read the state again. `marker` and `latest` were read before `state`.
   */
  async accept(
    state: DatabaseState,
    marker: Marker | null | undefined,
    latest: Marker | undefined,
  ): Promise<boolean> {
    const cause = causeOf(state, marker, latest)
    if (cause !== null) await this.#begin(state, cause)
    else if (!this.#isOvertaken(state)) {
      this.#remember(state, marker !== undefined)
      return true
    }
    return false
  }

  /**
   * The same for a transaction that has changed nothing yet, because a server that has started since the last check may hold
   * another state. False = the transaction is rolled back, and the caller must begin it again.
   */
  async admits(tx: Pick<WriteTransaction, 'server' | 'look' | 'rollback'>): Promise<boolean> {
    if (this.knows(tx.server)) return true
    const marker = await this.marker()
    const { latest } = this
    const state = await tx.look()
    const cause = causeOf(state, marker, latest)
    if (cause === null && !this.#isOvertaken(state)) {
      this.#remember(state, marker !== undefined)
      return true
    }
    // Rolled back first, because it holds the VIEW lock.
    await tx.rollback()
    if (cause !== null) await this.#begin(state, cause)
    return false
  }

  /** True when a look of another connection was answered first and is newer: whether the state is of the past cannot be told. */
  #isOvertaken(state: DatabaseState): boolean {
    return isOfFuture(this.#latest, state)
  }

  /**
   * True when the server was checked since it started; the rows of another one may be of a time that was lost. A process that
   * has just started may reach the database before Redis, so a check without Redis counts only while Redis is unreachable.
   */
  knows(server: string): boolean {
    const looks = this.#looks.get(server) ?? 0
    return looks >= ENOUGH_LOOKS || (looks > 0 && !this.#deps.cache.usable)
  }

  #remember(state: DatabaseState, redisAsked: boolean): void {
    if (this.#latest?.database !== state.database || this.#latest.xid < state.nextXid)
      this.#latest = { database: state.database, xid: state.nextXid }
    const looks = this.#looks.get(state.server) ?? 0
    if (this.#looks.size >= MAX_SERVERS) this.#looks.clear()
    this.#looks.set(state.server, redisAsked ? ENOUGH_LOOKS : looks + 1)
  }

  async #begin({ database }: DatabaseState, cause: SetBackCause): Promise<void> {
    this.#deps.lease.drop()
    await this.#deps.store.beginIncarnation(database, cause.reason, cause.above + 1)
  }
}

/** Why a new incarnation begins, and the highest number of an incarnation that was lost. */
interface SetBackCause {
  readonly reason: string
  readonly above: number
}

/** Why this is not the same database as before; null = it is. `marker` and `latest` are of before the state was read. */
function causeOf(
  state: DatabaseState,
  marker: Marker | null | undefined,
  latest: Marker | undefined,
): SetBackCause | null {
  if (state.moved !== null) return { reason: state.moved, above: 0 }
  const witness = [marker, latest].find(each => isOfFuture(each, state))
  return witness == null ? null : { reason: SET_BACK, above: lineageOf(witness.database)?.number ?? 0 }
}

/**
 * True when the database has lost something that the marker knows: a transaction that had ended and that it has not begun,
 * or a later incarnation of itself (restored from the same backup twice).
 */
export function isOfFuture(
  marker: Marker | null | undefined,
  { database, nextXid }: Pick<DatabaseState, 'database' | 'nextXid'>,
): boolean {
  if (marker == null) return false
  if (marker.database === database) return marker.xid > nextXid
  const [its, ours] = [lineageOf(marker.database), lineageOf(database)]
  return its !== undefined && ours !== undefined && its.root === ours.root && its.number >= ours.number
}

function lineageOf(database: string): { readonly root: string; readonly number: number } | undefined {
  const [, root, number] = /^([0-9a-f]{12})-(\d{1,9})-[0-9a-f]{8}$/.exec(database) ?? []
  return root === undefined ? undefined : { root, number: Number(number) }
}
