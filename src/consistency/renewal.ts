import { type CacheIdentity, type CachePort, KeysElsewhereError } from './cache-port.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Lease } from './lease.ts'
import type { Outage } from './outage.ts'
import type { ClockPort, DatasetIdentity, ObserverPort, StorePort, ViewSnapshot, ViewToken } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import { databaseOf, epochOf, sameIdentity, viewText } from './token.ts'

export interface RenewalDeps {
  readonly store: StorePort
  readonly cache: CachePort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly lease: Lease
  readonly outage: Outage
  readonly check: DatabaseCheck
  /** LEASE_MS of this instance. */
  readonly leaseMs: number
  /** Host and name of the database, for operators. */
  readonly databaseName: string
  /** The view is of a partition of a cluster. */
  readonly alwaysCold?: boolean
}

/** Tries of one renewal: a new incarnation may begin meanwhile, and the longest lease may have to be raised. */
const MAX_TRIES = 4

/** The stores as one renewal saw them. */
export interface Sighting {
  readonly snapshot: ViewSnapshot
  /** Undefined while Redis is not usable. */
  readonly cacheIdentity: CacheIdentity | undefined
  readonly owner: RedisOwner
}

/** The database whose gateways use the keys in Redis. */
export type RedisOwner = 'this-database' | 'unknown' | { readonly another: string }

/** Lease renewal (each instance, every p). */
export class Renewal {
  readonly #deps: RenewalDeps
  /** The V of the last lease, while nothing else was seen. */
  #watched: ViewToken | undefined

  constructor(deps: RenewalDeps) {
    this.#deps = deps
  }

  /** Throws DatabaseUnavailableError; the lease then expires by itself. */
  async renew(tries = MAX_TRIES): Promise<Sighting> {
    const { store, clock, lease } = this.#deps
    const askedAt = clock.now()
    const clockOffset = clock.wall() - askedAt
    const { seen: cacheIdentity, elsewhere } = await this.#look()
    // A Redis that is not trusted as a cache may hold the marker all the same.
    const marker = cacheIdentity === undefined ? await this.#deps.check.marker() : cacheIdentity.marker
    const { seen } = this.#deps.check
    const snapshot = await store.readView().catch(async error => {
      await this.#keepWatch(cacheIdentity)
      throw error
    })
    const { view } = snapshot
    if (!(await this.#deps.check.accept(snapshot, marker, seen))) {
      return this.#again(tries)
    }
    const owner = await this.#claim(snapshot, cacheIdentity)
    if (view.mode === 'OFF' || view.identity === null) lease.drop()
    else if (view.database !== snapshot.database) {
      await this.#deps.outage.turnOff(view.epoch, 'another-database')
    } else if (typeof owner === 'object') {
      await this.#deps.outage.turnOff(view.epoch, 'redis-of-another-database')
    } else if (elsewhere !== undefined && sameIdentity(view.identity, elsewhere)) {
      await this.#deps.outage.turnOff(view.epoch, 'redis-slot-moving')
    } else if (cacheIdentity !== undefined) {
      const v = { epoch: view.epoch, database: view.database, identity: view.identity }
      if (this.#isUnattended(cacheIdentity, v)) {
        const isSame = sameIdentity(view.identity, cacheIdentity.identity)
        await this.#deps.outage.turnOff(view.epoch, isSame ? 'redis-unattended' : 'redis-identity')
      } else if (speaksOf(cacheIdentity, v)) {
        if (view.leaseMs < this.#deps.leaseMs) {
          // An instance that turns the view OFF from now on waits for this lease. Reading the view again shows whether one did before.
          await store.raiseLease(this.#deps.leaseMs)
          return this.#again(tries)
        }
        // The claim outlasts the lease, so no other database stores anything meanwhile.
        if (owner === 'this-database') {
          lease.grant(v, cacheIdentity.connection, askedAt, clockOffset)
          this.#watched = v
        }
        await this.#advanceMarker(v, snapshot)
      } else {
        lease.drop()
        await this.#confirmLoss(v)
      }
    }
    return { snapshot, cacheIdentity, owner }
  }

  /** Claims Redis for this database, or finds out which other one holds the claim. */
  async #claim(
    { database }: Pick<ViewSnapshot, 'database'>,
    seen: CacheIdentity | undefined,
  ): Promise<RedisOwner> {
    const { cache, observer, databaseName } = this.#deps
    if (seen === undefined || seen.role !== 'master') return 'unknown'
    try {
      const another = await cache.claim(seen.identity, { database, name: databaseName })
      if (another === null) return 'this-database'
      const error = new Error(
        `gateways of another database (${another}) use this Redis: set REDIS_KEY_PREFIX, or another Redis`,
      )
      observer.failed('redis-owner', error)
      return { another }
    } catch {
      // The cache has counted and logged it.
      return 'unknown'
    }
  }

  #again(tries: number): Promise<Sighting> {
    if (tries > 1) return this.renew(tries - 1)
    throw new DatabaseUnavailableError('the database or its view changed too often during one renewal')
  }

  async #look(): Promise<{ readonly seen?: CacheIdentity; readonly elsewhere?: DatasetIdentity }> {
    if (!this.#deps.cache.usable) return {}
    try {
      return { seen: await this.#deps.cache.identify() }
    } catch (error) {
      return error instanceof KeysElsewhereError ? { elsewhere: error.identity } : {}
    }
  }

  /**
   * The claim of a partition lasts through an outage of the database: the cache need not start cold afterwards. Ends with the first
   * look that does not find V, because nothing can be turned OFF now.
   */
  async #keepWatch(seen: CacheIdentity | undefined): Promise<void> {
    const v = this.#watched
    if (!this.#deps.alwaysCold || v === undefined) return
    if (seen === undefined || !seen.attended || !speaksOf(seen, v)) this.#watched = undefined
    else await this.#claim(v, seen)
  }

  /**
   * A slot may have been on other nodes while no instance looked, and have come back with what they held: an older copy of a
   * key, or none. The claim is renewed with each look at the owner and lasts a few seconds, wherever it is taken.
   */
  #isUnattended(seen: CacheIdentity, v: ViewToken): boolean {
    if (!this.#deps.alwaysCold || seen.attended || seen.role !== 'master') return false
    return speaksOf(seen, v) || !sameIdentity(v.identity, seen.identity)
  }

  /**
   * Advances the marker in two steps. A script may run on a dataset that lacks the last fences of V (the primary was demoted and
   * promoted again): its answer is discarded, but what it wrote stays. So a nonce is written first, and the marker moves only
   * where that nonce is found.
   */
  async #advanceMarker(v: ViewToken, { database, oldestXid }: ViewSnapshot): Promise<void> {
    const { cache, clock } = this.#deps
    try {
      const nonce = clock.nonce()
      if ((await cache.proposeMarker(v, nonce)) !== 'done') return
      await cache.advanceMarker(v, nonce, { database, xid: oldestXid })
    } catch (error) {
      this.#deps.observer.failed('marker', error)
    }
  }

  /**
   * The database answered ON(V) after Redis had named another view: either a gate ran between the two reads, or Redis lost V.
   * V is in Redis before it is ON, so asking Redis again decides.
   */
  async #confirmLoss(v: ViewToken): Promise<void> {
    const { seen: now } = await this.#look()
    if (now === undefined || now.role !== 'master' || speaksOf(now, v)) return
    if (!sameIdentity(v.identity, now.identity)) await this.#deps.outage.turnOff(v.epoch, 'redis-identity')
    else if (now.view === null || epochOf(now.view) < v.epoch || databaseOf(now.view) !== v.database)
      await this.#deps.outage.turnOff(v.epoch, 'redis-lost-view')
  }
}

function speaksOf(seen: CacheIdentity, v: ViewToken): boolean {
  return seen.role === 'master' && sameIdentity(v.identity, seen.identity) && seen.view === viewText(v)
}
