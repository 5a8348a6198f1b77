import { type CacheIdentity, type CachePort, KeysElsewhereError, type RedisOwner } from './cache-port.ts'
import type { DatabaseCheck } from './database-check.ts'
import type { Lease } from './lease.ts'
import type { Outage } from './outage.ts'
import type { ClockPort, ObserverPort } from './ports.ts'
import { type Look, SlotMoves } from './slot-moves.ts'
import type { StorePort } from './store-port.ts'
import { DatabaseUnavailableError } from './store-port.ts'
import { databaseOf, epochOf, sameIdentity, viewText } from './token.ts'
import type { View, ViewSnapshot, ViewToken } from './views.ts'

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
  /** `unknown` while Redis was not asked, or did not answer. */
  readonly owner: RedisOwner | 'unknown'
}

/** Lease renewal (each instance, every LEASE_RENEW_MS). */
export class Renewal {
  readonly #deps: RenewalDeps
  /** The V of the last lease. */
  #last: ViewToken | undefined
  readonly #moves = new SlotMoves()

  constructor(deps: RenewalDeps) {
    this.#deps = deps
  }

  /** Throws DatabaseUnavailableError; the lease then expires by itself. */
  async renew(tries = MAX_TRIES): Promise<Sighting> {
    const { store, clock, lease } = this.#deps
    const askedAt = clock.now()
    const clockOffset = clock.wall() - askedAt
    const look = await this.#look()
    const { cacheIdentity } = look
    // A Redis that is not trusted as a cache may hold the marker all the same.
    const marker = cacheIdentity === undefined ? await this.#deps.check.marker() : cacheIdentity.marker
    const { latest } = this.#deps.check
    const snapshot = await store.readView().catch(async error => {
      await this.#keepWatch(look)
      throw error
    })
    const { view } = snapshot
    const v = tokenOf(view)
    if (v !== undefined && this.#deps.alwaysCold) this.#moves.note(look, v)
    if (!(await this.#deps.check.accept(snapshot, marker, latest))) {
      return this.#again(tries)
    }
    const isOfV = v !== undefined && cacheIdentity !== undefined && speaksOf(cacheIdentity, v)
    // The claim of a partition moves with its slot: on another dataset than that of V nobody makes it longer.
    const mayClaim = isOfV || v === undefined || !this.#deps.alwaysCold
    const owner = mayClaim ? await this.#claim(snapshot, cacheIdentity) : 'unknown'
    const end = v && this.#reasonToEnd(v, snapshot, owner)
    if (v === undefined) lease.drop()
    else if (end !== undefined) await this.#deps.outage.turnOff(v.epoch, end)
    else if (isOfV) {
      if (view.leaseMs < this.#deps.leaseMs) {
        // An instance that turns the view OFF from now on waits for this lease. Reading the view again shows whether one did before.
        await store.raiseLease(this.#deps.leaseMs)
        return this.#again(tries)
      }
      // The claim outlasts the lease, so no other database stores anything meanwhile.
      if (owner === 'this-database') {
        lease.grant(v, cacheIdentity.connection, askedAt, clockOffset)
        this.#last = v
      }
      await this.#advanceMarker(v, snapshot)
    } else if (cacheIdentity !== undefined) {
      lease.drop()
      await this.#confirmLoss(v)
    }
    return { snapshot, cacheIdentity, owner }
  }

  /** Why V, which is ON, has to be turned OFF. */
  #reasonToEnd(v: ViewToken, { database }: ViewSnapshot, owner: RedisOwner | 'unknown'): string | undefined {
    if (v.database !== database) return 'another-database'
    if (typeof owner === 'object') return 'redis-of-another-database'
    return this.#moves.reasonToEnd(v) ?? (owner === 'nobody' ? 'redis-unattended' : undefined)
  }

  /**
   * Claims Redis for this database, or finds out which other one holds the claim. In a partition only a gate makes a claim, and
   * renewals make it longer while it stands: one who was stopped behind its look must not hide that nobody has looked since.
   */
  async #claim(
    { database }: Pick<ViewSnapshot, 'database'>,
    seen: CacheIdentity | undefined,
  ): Promise<RedisOwner | 'unknown'> {
    const { cache, observer, databaseName, alwaysCold } = this.#deps
    if (seen === undefined || seen.role !== 'master') return 'unknown'
    const claimant = { database, name: databaseName }
    try {
      const owner = await cache.claim(seen.identity, claimant, alwaysCold ? 'standing' : 'anew')
      if (typeof owner === 'object') {
        const error = new Error(
          `gateways of another database (${owner.another}) use this Redis: set REDIS_KEY_PREFIX, or another Redis`,
        )
        observer.failed('redis-owner', error)
      }
      return owner
    } catch {
      // The cache has counted and logged it.
      return 'unknown'
    }
  }

  #again(tries: number): Promise<Sighting> {
    if (tries > 1) return this.renew(tries - 1)
    throw new DatabaseUnavailableError('the database or its view changed too often during one renewal')
  }

  async #look(): Promise<Look> {
    if (!this.#deps.cache.usable) return {}
    try {
      return { cacheIdentity: await this.#deps.cache.identify() }
    } catch (error) {
      return error instanceof KeysElsewhereError ? { elsewhere: error.identity } : {}
    }
  }

  /** Nothing can be turned OFF now. The claim of a partition is kept, so that the cache need not start cold afterwards. */
  async #keepWatch(look: Look): Promise<void> {
    const v = this.#last
    if (!this.#deps.alwaysCold || v === undefined) return
    this.#moves.note(look, v)
    if (look.cacheIdentity !== undefined && speaksOf(look.cacheIdentity, v))
      await this.#claim(v, look.cacheIdentity)
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
    const { cacheIdentity: now } = await this.#look()
    if (now === undefined || now.role !== 'master' || speaksOf(now, v)) return
    if (!sameIdentity(v.identity, now.identity)) await this.#deps.outage.turnOff(v.epoch, 'redis-identity')
    else if (now.view === null || epochOf(now.view) < v.epoch || databaseOf(now.view) !== v.database)
      await this.#deps.outage.turnOff(v.epoch, 'redis-lost-view')
  }
}

function speaksOf(seen: CacheIdentity, v: ViewToken): boolean {
  return seen.role === 'master' && sameIdentity(v.identity, seen.identity) && seen.view === viewText(v)
}

/** V while the view is ON. One without a database is of no database. */
function tokenOf({ mode, epoch, database, identity }: View): ViewToken | undefined {
  return mode === 'OFF' || identity === null ? undefined : { epoch, database: database ?? '', identity }
}
