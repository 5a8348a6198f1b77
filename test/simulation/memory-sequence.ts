import type { ViewToken } from '../../src/consistency/views.ts'
import type {
  DrawOutcome,
  NumberBlock,
  ReservedBlock,
  SequenceCachePort,
  SequenceDay,
  SequenceStorePort,
  StoredDraw,
  Vacancy,
} from '../../src/sequence/ports.ts'
import { viewOfUser } from './documents.ts'
import type { MemoryCache } from './memory-cache.ts'
import type { MemoryStore } from './memory-store.ts'
import type { PostgresServer } from './postgres-server.ts'
import { keysOf, type SequenceRules, type SequenceScripts } from './sequence-scripts.ts'
import { lockViewsOf } from './view-locks.ts'

/** Small, so that blocks are used up all the time. */
const BLOCK = 4

/** High-water marks in the in-memory PostgreSQL. */
export class MemorySequenceStore implements SequenceStorePort {
  readonly #store: MemoryStore
  readonly #server: PostgresServer
  readonly #rules: SequenceRules

  constructor(store: MemoryStore, server: PostgresServer, rules: SequenceRules) {
    this.#store = store
    this.#server = server
    this.#rules = rules
  }

  reserve(day: SequenceDay, atLeast: number, _used: number, known: number): Promise<ReservedBlock> {
    return this.#store.availability.race(() =>
      this.#store.call('reserve', () => {
        const last = this.#raise(day, Math.max(BLOCK, atLeast), known)
        return { first: last - Math.max(BLOCK, atLeast) + 1, last, server: this.#server.state.server }
      }),
    )
  }

  draw(day: SequenceDay, count: number): Promise<StoredDraw | null> {
    return this.#store.availability.race(() =>
      this.#store.call('draw', async () => {
        const session = this.#server.connect()
        try {
          await lockViewsOf(session, [day.userId])
          const isOn = [0, viewOfUser(day.userId)].some(id => this.#server.viewOf(id).mode === 'ON')
          if (this.#rules.databaseOnlyOff && isOn) return null
          return { last: this.#raise(day, count), server: this.#server.state.server }
        } finally {
          session.end()
        }
      }),
    )
  }

  highWater(day: SequenceDay): Promise<number> {
    return this.#store.call('high-water', () => this.#server.highWaterOf(day))
  }

  #raise(day: SequenceDay, by: number, above = 0): number {
    const last = Math.max(this.#server.highWaterOf(day), above) + by
    this.#server.highWater.set(`${day.userId} ${day.day}`, last)
    return last
  }
}

/** Counters in the in-memory Redis. */
export class MemorySequenceCache implements SequenceCachePort {
  readonly #cache: MemoryCache
  readonly #scripts: SequenceScripts

  constructor(cache: MemoryCache, scripts: SequenceScripts) {
    this.#cache = cache
    this.#scripts = scripts
  }

  get usable(): boolean {
    return this.#cache.usable
  }

  draw(v: ViewToken, day: SequenceDay, count: number, settingsVersion: number): Promise<DrawOutcome> {
    return this.#cache.script(v, 'draw', keysOf(day), server =>
      this.#scripts.draw(server, v, day, count, settingsVersion),
    )
  }

  open(
    v: ViewToken,
    day: SequenceDay,
    count: number,
    met: Vacancy,
    block: NumberBlock,
  ): Promise<DrawOutcome> {
    return this.#cache.script(v, 'open', keysOf(day), server =>
      this.#scripts.open(server, v, day, count, met, block),
    )
  }

  last(v: ViewToken, day: SequenceDay): Promise<DrawOutcome> {
    return this.#cache.script(v, 'last', keysOf(day), server => this.#scripts.last(server, v, day))
  }

  /** Mirrors are not looked at here. */
  async forget(): Promise<void> {}

  /** Evidence for databases that were set back, of which there are none here. */
  async note(): Promise<void> {}

  async notes(): Promise<ReadonlyMap<string, number>> {
    return new Map()
  }
}
