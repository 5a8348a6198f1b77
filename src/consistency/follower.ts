import { Deadlines } from './deadlines.ts'
import type { NearCache } from './near-cache.ts'
import type { Horizon, NearEntry } from './near-entry.ts'
import type { ClockPort, CodecPort, ObserverPort } from './ports.ts'
import { SharedStatements, type StatementLimits } from './shared-statements.ts'
import type { Moment, RecentChanges, StorePort } from './store-port.ts'
import { DatabaseUnavailableError } from './store-port.ts'

/** Changes that one answer tells. Where more have happened since the last one, asking for each document costs less. */
const MAX_CHANGES = 100
/** Until it follows again after more changes than that: in between each read would pay for two statements. */
const REST_MS = 1_000
/** The same when the statement is refused, or when one long transaction makes each answer tell the same changes again. */
const LONG_REST_MS = 10_000
/** How long answers may tell changes without moving the horizon. */
const STUCK_MS = 1_000
/** A horizon that was not asked for so long is given up: the next answer would tell too much. */
const HORIZON_MS = 10_000
/** Reads that may wait for one statement: each holds a request. */
const MAX_WAITING = 10_000
/** Two, so that this process works while PostgreSQL does; more only beside slow ones. */
const STATEMENTS: StatementLimits = { statements: 4, quickStatements: 2, patienceMs: 50 }

export interface FollowerDeps {
  readonly store: Pick<StorePort, 'readChangesSince'>
  readonly codec: Pick<CodecPort, 'keys'>
  readonly near: NearCache
  readonly clock: Pick<ClockPort, 'now' | 'sleep' | 'turn'>
  readonly observer: Pick<ObserverPort, 'failed'>
  /** Longest wait of a read, milliseconds. */
  readonly readWaitMs: number
}

/** `changed` = the entry may be old; an error = the database cannot tell. */
export type Confirmation = 'current' | 'changed' | DatabaseUnavailableError

type OnTold = (confirmation: Confirmation) => void

/**
 * Follows the changes of the database, so that one small statement confirms all entries of the near cache, for all readers.
 * It asks what was changed by the transaction X (the horizon) or a later one. X is the oldest transaction that was running
 * in the snapshot of the last answer: all before it had ended there, so nothing else can have changed since.
 *
 * An entry is followed when every change that it lacks is by X or later: it was read, or confirmed document by document, in
 * a snapshot in which all before X had ended. When an answer names a document of the entry in another version, the entry is
 * followed no longer. Transaction ids mean nothing on another server, after a crash of this one, or in another incarnation,
 * so a horizon ends there.
 *
 * A read joins only a statement that is sent after the read began.
 */
export class Follower {
  readonly #deps: FollowerDeps
  readonly #deadlines: Deadlines
  readonly #statements: SharedStatements
  #horizon: Horizon | undefined
  #restUntil = Number.NEGATIVE_INFINITY
  #waiting = new Set<Waiter>()

  constructor(deps: FollowerDeps) {
    this.#deps = deps
    this.#deadlines = new Deadlines(deps.clock, deps.readWaitMs)
    this.#statements = new SharedStatements({
      clock: deps.clock,
      limits: STATEMENTS,
      waiting: () => this.#waiting.size,
      send: () => this.#ask(),
    })
  }

  /** True when `confirm` can say that the entry is current. */
  follows({ horizon }: NearEntry): boolean {
    return horizon !== undefined && horizon === this.#horizon && !this.#isOld(horizon)
  }

  /** The database has answered at `moment` that the entry is current, or has given its documents. */
  follow(id: string, entry: NearEntry, moment: Moment): void {
    const { near, clock } = this.#deps
    // No change is noted in an entry that is held no longer.
    if (!near.holds(id, entry)) return
    if (this.#horizon === undefined || this.#isOld(this.#horizon) || !isOf(this.#horizon, moment)) {
      const now = clock.now()
      if (now < this.#restUntil) return
      const { server, database, oldestXid } = moment
      this.#horizon = { server, database, since: oldestXid, askedAt: now, movedAt: now }
    } else if (!this.isRecent(moment, this.#horizon)) return
    entry.horizon = this.#horizon
  }

  /** Asks the database whether a followed entry is current. Calls back once. */
  confirm(entry: NearEntry, onTold: OnTold): void {
    if (this.#waiting.size >= MAX_WAITING) {
      onTold(new DatabaseUnavailableError('too many reads wait for the database'))
      return
    }
    const waiter = new Waiter(entry, onTold)
    waiter.end = this.#deadlines.begin(() => {
      this.#waiting.delete(waiter)
      const { readWaitMs } = this.#deps
      waiter.tell(new DatabaseUnavailableError(`the database did not answer within ${readWaitMs} ms`))
    })
    this.#waiting.add(waiter)
    this.#statements.schedule()
  }

  /** No change that the answer of this moment lacks is before the horizon. */
  protected isRecent({ oldestXid }: Moment, { since }: Horizon): boolean {
    return oldestXid >= since
  }

  #isOld({ askedAt }: Horizon): boolean {
    return this.#deps.clock.now() - askedAt > HORIZON_MS
  }

  /** For all that wait. */
  async #ask(): Promise<void> {
    const waiters = this.#waiting
    this.#waiting = new Set()
    const horizon = this.#horizon
    const since = horizon?.since ?? 0n
    try {
      const answer = horizon && (await this.#deps.store.readChangesSince(since, MAX_CHANGES))
      // Noted and told in one step: in between, an older answer could make an entry followed again.
      const isNoted = answer !== undefined && this.#note(horizon!, since, answer)
      for (const waiter of waiters) waiter.tell(isNoted && this.follows(waiter.entry) ? 'current' : 'changed')
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) {
        this.#deps.observer.failed('follow-changes', error)
        this.#rest(LONG_REST_MS)
      }
      for (const waiter of waiters) waiter.tell(error instanceof DatabaseUnavailableError ? error : 'changed')
    }
  }

  /** True when every change in the snapshot of the answer is noted in the entries that are followed. */
  #note(horizon: Horizon, since: bigint, answer: RecentChanges): boolean {
    // The present horizon may have begun with an older snapshot than that of this answer.
    if (horizon !== this.#horizon) return false
    const { changed, oldestXid } = answer
    const now = this.#deps.clock.now()
    horizon.askedAt = now
    // An id that went back is of a server that was set back together with its memory.
    if (!isOf(horizon, answer) || oldestXid < since) this.#horizon = undefined
    else if (changed === undefined) this.#rest(REST_MS)
    else {
      const { near, codec } = this.#deps
      for (const { ref, version } of changed) near.unfollow(ref.userId, codec.keys(ref), version)
      // An answer may overtake an earlier one.
      if (oldestXid > horizon.since) {
        horizon.since = oldestXid
        horizon.movedAt = now
      } else if (changed.length === 0) horizon.movedAt = now
      else if (now - horizon.movedAt > STUCK_MS) this.#rest(LONG_REST_MS)
    }
    return horizon === this.#horizon
  }

  #rest(ms: number): void {
    this.#horizon = undefined
    this.#restUntil = this.#deps.clock.now() + ms
  }
}

/** A read that waits. */
class Waiter {
  readonly entry: NearEntry
  end = (): unknown => undefined
  #onTold: OnTold | undefined

  constructor(entry: NearEntry, onTold: OnTold) {
    this.entry = entry
    this.#onTold = onTold
  }

  /** The first call counts. */
  tell(confirmation: Confirmation): void {
    const onTold = this.#onTold
    if (onTold === undefined) return
    this.#onTold = undefined
    this.end()
    try {
      onTold(confirmation)
    } catch (error) {
      // The other reads have to be told; the process handles this error as one that nothing catches.
      void Promise.reject(error)
    }
  }
}

function isOf(horizon: Horizon, { server, database }: Moment): boolean {
  return horizon.server === server && horizon.database === database
}
