import type { DatabaseCheck } from '../consistency/database-check.ts'
import type { Handover } from '../consistency/handover.ts'
import type { Lease } from '../consistency/lease.ts'
import type { ClockPort } from '../consistency/ports.ts'
import type { StorePort } from '../consistency/store-port.ts'
import { DatabaseUnavailableError } from '../consistency/store-port.ts'
import type { ViewToken } from '../consistency/views.ts'
import { mirroredDays } from './day.ts'
import {
  type DrawOutcome,
  isVacancy,
  type SequenceCachePort,
  type SequenceDay,
  type SequenceStorePort,
  type Vacancy,
} from './ports.ts'

export interface CounterDeps {
  readonly cache: SequenceCachePort
  readonly store: SequenceStorePort
  readonly view: Pick<StorePort, 'readView'>
  readonly lease: Lease
  readonly handover: Handover
  readonly check: Pick<DatabaseCheck, 'knows'>
  readonly clock: ClockPort
  /** Pause between two lease renewals. */
  readonly renewMs: number
}

export interface DrawnNumbers {
  readonly last: number
  readonly source: 'redis' | 'database'
}

/** What an instance without Redis asks of one that has it. */
interface DrawRequest {
  readonly day: SequenceDay
  readonly count: number
  readonly settingsVersion: number
}

/** `unchecked`: the block is of a server that the lease renewals have not looked at since it started; it is burned. */
type RedisOutcome = DrawOutcome | 'unreachable' | 'unchecked'

/** Another instance may open or use up a block, or move the view, between two steps. */
const MAX_TRIES = 8
/** Renewals to wait for when Redis is well and the view is ON but this instance has no lease (it just started). */
const MAX_RENEWALS = 3

/**
 * Order numbers that never repeat (docs/consistency.md, "Order numbers"). Blocks are reserved in PostgreSQL; Redis
 * counts inside a block that belongs to one V. After a crash Redis forgets or repeats only under
 * another V, with another block. A draw is never sent twice: one whose reply was lost burns its numbers; a network that
 * repeats it burns some more. A key that an operator has changed counts as no block at all.
 */
export class Counter {
  readonly #deps: CounterDeps
  /** The blocks that this instance opens just now, by user and day. */
  readonly #opening = new Map<string, Promise<RedisOutcome>>()

  constructor(deps: CounterDeps) {
    this.#deps = deps
    deps.handover.handle('draw', (_epoch, request) => this.#drawFor(request as DrawRequest))
  }

  /**
   * Draws `count` numbers in a row. Resolves to 'settings' when the user's settings are not of `settingsVersion`
   * any more: the day may be another one. DatabaseUnavailableError when neither can answer.
   */
  async draw(day: SequenceDay, count: number, settingsVersion: number): Promise<DrawnNumbers | 'settings'> {
    let renewals = 0
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const outcome = await this.#fromRedis(day, count, settingsVersion)
      if (outcome === 'settings') return 'settings'
      if (typeof outcome === 'number') return { last: outcome, source: 'redis' }
      if (outcome === 'stale' || isVacancy(outcome)) continue
      const last = outcome === 'unchecked' ? outcome : await this.#fromDatabase(day, count)
      if (typeof last === 'number') return { last, source: 'database' }
      if (last === 'unchecked') {
        await this.#deps.clock.sleep(this.#deps.renewMs)
        continue
      }
      if (outcome === 'view' && renewals++ < MAX_RENEWALS) {
        await this.#deps.clock.sleep(this.#deps.renewMs)
        continue
      }
      const drawn = await this.#drawElsewhere({ day, count, settingsVersion })
      if (drawn === 'settings') return 'settings'
      if (drawn !== undefined) return { last: drawn, source: 'redis' }
    }
    throw new DatabaseUnavailableError('the cache view changed too often during one draw')
  }

  /** The last number handed out; after Redis lost its count, the high-water mark. 0 = none. */
  async last(day: SequenceDay): Promise<number> {
    const v = this.#trustedView()
    if (v !== undefined) {
      const outcome = await this.#ask(() => this.#deps.cache.last(v, day))
      if (typeof outcome === 'number') return outcome
    }
    return this.#deps.store.highWater(day)
  }

  /** Removes the mirrors of a user who was deleted, best effort: nothing reads them here. */
  async forget(userId: string): Promise<void> {
    const { cache, clock } = this.#deps
    if (cache.usable) await cache.forget(userId, mirroredDays(clock.wall())).catch(() => {})
  }

  #trustedView(): ViewToken | undefined {
    return this.#deps.lease.current()?.v
  }

  async #fromRedis(day: SequenceDay, count: number, settingsVersion: number): Promise<RedisOutcome> {
    const { cache } = this.#deps
    const id = `${day.userId} ${day.day}`
    for (;;) {
      if (!cache.usable) return 'unreachable'
      const v = this.#trustedView()
      if (v === undefined) return 'view'
      const drawn = await this.#ask(() => cache.draw(v, day, count, settingsVersion))
      if (!isVacancy(drawn)) return drawn
      const opening = this.#opening.get(id)
      if (opening === undefined) return this.#open(id, v, day, count, drawn)
      // One block each would burn all blocks but the last.
      await opening
    }
  }

  async #open(
    id: string,
    v: ViewToken,
    day: SequenceDay,
    count: number,
    met: Vacancy,
  ): Promise<RedisOutcome> {
    const { cache, store, check } = this.#deps
    const open = async (): Promise<RedisOutcome> => {
      const block = await store.reserve(day, count, usedOf(met), knownOf(met))
      if (!check.knows(block.server)) return 'unchecked'
      this.#note(day, block.last)
      return this.#ask(() => cache.open(v, day, count, met, block))
    }
    const opening = open()
    this.#opening.set(id, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(id)
    }
  }

  /** Straight from the database; null while the view is ON. Numbers from a server that the lease renewals have not looked at are burned. */
  async #fromDatabase(day: SequenceDay, count: number): Promise<number | 'unchecked' | null> {
    const drawn = await this.#deps.store.draw(day, count)
    if (drawn === null) return null
    if (!this.#deps.check.knows(drawn.server)) return 'unchecked'
    this.#note(day, drawn.last)
    return drawn.last
  }

  /** A database may be set back to before these numbers: Redis notes them. Nothing waits for that. */
  #note(day: SequenceDay, last: number): void {
    const { cache } = this.#deps
    if (cache.usable) cache.note(day, last).catch(() => {})
  }

  async #ask(work: () => Promise<DrawOutcome>): Promise<RedisOutcome> {
    try {
      return await work()
    } catch {
      // The cache has counted and logged it. What was sent may have been carried out: its numbers are burned.
      return 'unreachable'
    }
  }

  /**
   * While the view is ON other instances count on in Redis, below the high-water mark: numbers from the database
   * would no longer ascend. So another instance draws, if it is known that one can; else the view is turned OFF, and the
   * draw need not wait until it is drained. Undefined = the view is OFF.
   */
  async #drawElsewhere(request: DrawRequest): Promise<number | 'settings' | undefined> {
    const { view: store, handover } = this.#deps
    const { view, otherLayout } = await store.readView()
    if (view.mode !== 'ON') {
      if (otherLayout === 'used') await handover.turnOtherLayoutOff()
      return undefined
    }
    if (handover.helps(view.epoch)) {
      const drawn = await handover.ask(view.epoch, 'draw', request)
      if (typeof drawn === 'number' || drawn === 'settings') return drawn
    }
    await handover.turnOff(view.epoch)
    return undefined
  }

  /** Draws for an instance that cannot reach Redis. */
  async #drawFor({ day, count, settingsVersion }: DrawRequest): Promise<number | 'settings' | null> {
    const outcome = await this.#fromRedis(day, count, settingsVersion)
    return typeof outcome === 'number' || outcome === 'settings' ? outcome : null
  }
}

/** The last number of the block that is used up, 0 when none was open. */
function usedOf(met: Vacancy): number {
  return met.startsWith('used ') ? Number(met.slice('used '.length)) : 0
}

/** The last number of any block that Redis knows of. */
function knownOf(met: Vacancy): number {
  return Number(met.slice(met.lastIndexOf(' ')))
}
