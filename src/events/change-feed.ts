import { DomainError } from '../errors.ts'
import { hasExpired } from '../expiry.ts'
import { type ChangePoint, includes } from './change-point.ts'
import { type ListenerLimits, Listeners } from './listeners.ts'
import type { ChangeListener, ChangeLog, ChangesSince } from './ports.ts'

export interface ChangeFeedDeps {
  readonly log: ChangeLog
  readonly limits: ListenerLimits
  /** A look at the database failed and will be tried again. */
  readonly onTrouble: (error: unknown) => void
}

/** How late a listener may hear of a change. */
const POLL_MS = 100
/** A look that takes long is followed by a longer pause: the feed takes at most a tenth of one connection ... */
const PAUSE_PER_QUERY = 9
/** ... but a stall of the database is over at once, and those who listen want to hear what happened meanwhile. */
const MAX_PAUSE_MS = 1_000
/** After more changes than this between two looks all listeners are told to read again. */
const MAX_CHANGES = 10_000
/** Listeners that come back at once after a restart are served in groups: each needs up to 13 rows. */
const MAX_JOINING = 500
/** Proxies cut connections that are silent for long; the sweep is for this and for tokens that expire. */
const SWEEP_MS = 1_000

/**
 * Tells listeners of committed changes, whichever instance or psql session made them.
 *
 * While there are listeners, one query every 100 ms asks for the documents whose last transaction was not in the snapshot
 * of the query before. Compared with LISTEN/NOTIFY: NOTIFY takes a lock of the whole database cluster from before
 * COMMIT until it is on disk, so that no two writers commit together (`npm run listeners` prints what that costs);
 * it says nothing of what happened while the connection was away; and it needs a session of its own, which PgBouncer
 * does not give. Ids of transactions become visible out of order; a snapshot knows which were still under way, so
 * nothing is lost and nothing is told twice. There is no table of events to grow: a document that changed several
 * times between two looks is told once, with its newest version. Redis has no part in it.
 */
export class ChangeFeed {
  readonly #deps: ChangeFeedDeps
  readonly #listeners: Listeners
  #running: Promise<void> | undefined
  #wake = () => {}
  #closed = false
  #point: ChangePoint | undefined
  #sweptAt = 0

  constructor(deps: ChangeFeedDeps) {
    this.#deps = deps
    this.#listeners = new Listeners(deps.limits)
  }

  /** Listeners of this instance. */
  get count(): number {
    return this.#listeners.count
  }

  /** `open` or `fail` follows. OVERLOADED when there are too many, NOT_READY while the instance shuts down. */
  add(listener: ChangeListener): void {
    if (this.#closed) throw shuttingDown()
    this.#listeners.add(listener)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Also for a listener that was ended or could not be opened. */
  remove(listener: ChangeListener): void {
    this.#listeners.remove(listener)
  }

  /** Ends every listener. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    await this.#running
    for (const listener of this.#listeners.takeJoining(Number.POSITIVE_INFINITY))
      listener.fail(shuttingDown())
    for (const listener of this.#listeners.live()) listener.end()
  }

  async #run(): Promise<void> {
    // Listeners hear of changes from their beginning on.
    this.#point = undefined
    while (!this.#closed && this.#listeners.count > 0) {
      const startedAt = performance.now()
      try {
        this.#sweep(await this.#look())
      } catch (error) {
        for (const listener of this.#listeners.takeJoining(MAX_JOINING)) listener.fail(error)
        this.#deps.onTrouble(error)
        this.#sweep('unknown')
      }
      const took = performance.now() - startedAt
      await this.#pause(pauseAfter(took))
    }
  }

  /** Tells what has changed, and opens those who join. Resolves to whether that is known. */
  async #look(): Promise<'known' | 'unknown'> {
    const before = this.#point
    const answer = await this.#deps.log.since(before, MAX_CHANGES)
    // Who joins waits as well: what changed before its beginning is not told, so it has to be readable by then.
    if (answer === 'not-yet') return 'unknown'
    const { point } = answer
    this.#listeners.tell(point, changesToTell(before, answer))
    this.#point = point
    const joining = this.#listeners.takeJoining(MAX_JOINING)
    try {
      await this.#open(joining, point)
    } catch (error) {
      for (const listener of joining) listener.fail(error)
      throw error
    }
    return 'known'
  }

  async #open(joining: readonly ChangeListener[], point: ChangePoint): Promise<void> {
    const returning = joining.filter(({ since }) => since !== undefined)
    const documents =
      returning.length === 0 ? [] : await this.#deps.log.documentsOf(returning.map(({ userId }) => userId))
    const byUser = Map.groupBy(documents, ({ userId }) => userId)
    for (const listener of joining) {
      const { since, userId } = listener
      if (!this.#listeners.promote(listener)) continue
      if (since === undefined) listener.open(point, [])
      else if (since === null || !reaches(since, point)) listener.open(point, 'resync')
      else {
        // What is not in `point` yet comes with the next look.
        const missed = byUser.get(userId)?.filter(({ xid }) => !includes(since, xid) && includes(point, xid))
        listener.open(point, missed ?? [])
      }
    }
  }

  /** Ends what has expired. Heartbeats only after a look that succeeded: they say that nothing has changed. */
  #sweep(changes: 'known' | 'unknown'): void {
    const now = performance.now()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const listener of this.#listeners.live()) {
      if (listener.expiry !== undefined && hasExpired(listener.expiry)) listener.end()
      else if (changes === 'known') listener.idle()
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** How long to wait before the next look, milliseconds, when the last one took `took`. */
export function pauseAfter(took: number): number {
  return Math.max(POLL_MS - took, Math.min(took * PAUSE_PER_QUERY, MAX_PAUSE_MS))
}

/** The changes from one look to the next, if they can be told. */
function changesToTell(before: ChangePoint | undefined, { point, changes }: ChangesSince) {
  if (changes === 'too-many' || (before !== undefined && !reaches(before, point))) return 'resync'
  return changes
}

/** True when `after` is a later point of the same database; a restored or promoted one may be behind. */
function reaches(before: ChangePoint, after: ChangePoint): boolean {
  return before.database === after.database && before.next <= after.next
}

function shuttingDown(): DomainError {
  return new DomainError('NOT_READY', 'the instance shuts down')
}
