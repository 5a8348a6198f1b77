import { Deadlines } from './deadlines.ts'
import type { NearCache } from './near-cache.ts'
import type { Following, NearEntry } from './near-entry.ts'
import type { ClockPort, CodecPort, Moment, StorePort } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import { type StatementLimits, StatementsUnderWay } from './statements-under-way.ts'

/** Changes that one answer tells. Where more have happened since the last one, asking for each document costs less. */
const MAX_CHANGES = 100
/** After more changes than that, following begins again no sooner: until then each read would pay for two statements. */
const REST_MS = 1_000
/** Reads that may wait for one statement: each holds a request. */
const MAX_WAITING = 10_000
/** Two, so that this process works while PostgreSQL does; more only beside slow ones. */
const STATEMENTS: StatementLimits = { statements: 4, quickStatements: 2, patienceMs: 50 }

export interface FollowerDeps {
  readonly store: Pick<StorePort, 'readChangesSince'>
  readonly codec: Pick<CodecPort, 'keys'>
  readonly near: NearCache
  readonly clock: Pick<ClockPort, 'now' | 'sleep' | 'turn'>
  /** Longest wait of a read, milliseconds. */
  readonly readWaitMs: number
}

/** `changed` = the entry may be old; an error = the database cannot tell. */
export type Confirmation = 'current' | 'changed' | DatabaseUnavailableError

interface Waiter {
  readonly entry: NearEntry
  readonly onTold: (confirmation: Confirmation) => void
}

/**
 * Follows the changes of the database, so that one small statement confirms all that the near cache holds, whoever reads it.
 * It asks what was changed by the transaction X or a later one; every transaction before X had ended in the snapshot of the
 * last answer, so nothing else can have changed since (the rule of docs/consistency.md: `followed-from-oldest`).
 *
 * An entry is followed when every change that it lacks is by X or later: it was read, or confirmed document by document, in
 * a snapshot in which all before X had ended. A change that is told ends this for the entries that lack it. Transaction ids
 * mean nothing on another server or in another incarnation, so nothing is followed from one to another.
 *
 * A read joins only a statement that is sent after the read began.
 */
export class Follower {
  readonly #deps: FollowerDeps
  readonly #deadlines: Deadlines
  readonly #underWay: StatementsUnderWay
  #following: Following | undefined
  #restUntil = Number.NEGATIVE_INFINITY
  #next: Round | undefined
  #scheduled = false

  constructor(deps: FollowerDeps) {
    this.#deps = deps
    this.#deadlines = new Deadlines(deps.clock, deps.readWaitMs)
    this.#underWay = new StatementsUnderWay(deps.clock, STATEMENTS)
  }

  /** True when `confirm` can say that the entry is current. */
  follows({ following }: NearEntry): boolean {
    return following !== undefined && following === this.#following
  }

  /** The database has answered at `moment` that the entry is current, or has given its documents. */
  follow(id: string, entry: NearEntry, moment: Moment): void {
    const { near, clock } = this.#deps
    // Nobody would tell an entry that is held no longer of a change.
    if (!near.holds(id, entry)) return
    if (this.#following === undefined || !isOf(this.#following, moment)) {
      if (clock.now() < this.#restUntil) return
      const { server, database, oldestXid } = moment
      this.#following = { server, database, since: oldestXid }
    } else if (!this.isRecent(moment, this.#following)) return
    entry.following = this.#following
  }

  /** Asks the database whether a followed entry is current. */
  confirm(entry: NearEntry, onTold: Waiter['onTold']): void {
    this.#next ??= this.#begin()
    if (this.#next.waiters.length >= MAX_WAITING)
      onTold(new DatabaseUnavailableError('too many reads wait for the database'))
    else this.#next.waiters.push({ entry, onTold })
    this.#schedule()
  }

  /** No change that the answer of this moment lacks has been told already. */
  protected isRecent({ oldestXid }: Moment, { since }: Following): boolean {
    return oldestXid >= since
  }

  #begin(): Round {
    const round = new Round()
    const end = this.#deadlines.begin(() => {
      if (this.#next === round) this.#next = undefined
      const { readWaitMs } = this.#deps
      round.tell(() => new DatabaseUnavailableError(`the database did not answer within ${readWaitMs} ms`))
    })
    round.onEnd = end
    return round
  }

  /** In the next turn of the event loop, so that requests that have arrived together share a statement. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    void this.#deps.clock.turn().then(() => {
      this.#scheduled = false
      const round = this.#next
      if (round === undefined || !this.#underWay.maySend) return
      this.#next = undefined
      void this.#ask(round)
    })
  }

  async #ask(round: Round): Promise<void> {
    const following = this.#following
    const end = this.#underWay.begin()
    try {
      const isTold = following !== undefined && (await this.#askWhatChanged(following))
      round.tell(({ entry }) => (isTold && this.follows(entry) ? 'current' : 'changed'))
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) round.tell(() => error)
      else {
        this.#rest()
        round.tell(() => 'changed')
      }
    } finally {
      end()
      if (this.#next !== undefined) this.#schedule()
    }
  }

  /** True when every change in the snapshot of the answer has been told. */
  async #askWhatChanged(following: Following): Promise<boolean> {
    const { store, near, codec } = this.#deps
    const { since } = following
    const answer = await store.readChangesSince(since, MAX_CHANGES)
    // What is followed by now may have begun with an older snapshot.
    if (following !== this.#following) return false
    const { changed, oldestXid } = answer
    // A smaller id than before is of a server that was put back together with its memory.
    if (!isOf(following, answer) || oldestXid < since) this.#following = undefined
    else if (changed === undefined) this.#rest()
    else {
      for (const { ref, version } of changed) near.unfollow(ref.userId, codec.keys(ref), version)
      // An answer may overtake an earlier one.
      if (oldestXid > following.since) following.since = oldestXid
    }
    return following === this.#following
  }

  #rest(): void {
    this.#following = undefined
    this.#restUntil = this.#deps.clock.now() + REST_MS
  }
}

/** Reads that share a statement. */
class Round {
  readonly waiters: Waiter[] = []
  onEnd = (): unknown => undefined
  #isTold = false

  /** The first answer counts. */
  tell(confirmationOf: (waiter: Waiter) => Confirmation): void {
    if (this.#isTold) return
    this.#isTold = true
    this.onEnd()
    for (const waiter of this.waiters) waiter.onTold(confirmationOf(waiter))
  }
}

function isOf(following: Following, { server, database }: Moment): boolean {
  return following.server === server && following.database === database
}
