import type { CacheIdentity } from './cache-port.ts'
import type { Gate } from './gate.ts'
import type { Handover } from './handover.ts'
import type { Lease } from './lease.ts'
import type { Outage } from './outage.ts'
import type { ClockPort, ObserverPort, ProtocolTimes } from './ports.ts'
import type { Renewal, Sighting } from './renewal.ts'
import type { RenewalTicks } from './renewal-ticks.ts'
import type { View } from './views.ts'

export interface SupervisorDeps {
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly times: ProtocolTimes
  readonly lease: Lease
  readonly outage: Outage
  readonly renewal: Renewal
  readonly gate: Gate
  readonly handover: Handover
  /** When to renew, so that several supervisors do it together; without it each renewal begins `renewMs` after the one before. */
  readonly ticks?: Pick<RenewalTicks, 'next'>
}

/** The view as this instance knows it. */
export interface ViewStatus {
  /** Undefined before the first renewal. */
  readonly view: View | undefined
  /** True when the last renewal reached the database. */
  readonly databaseReached: boolean
  readonly leaseHeld: boolean
  /** Another database whose gateways use this Redis, which this instance then leaves alone. */
  readonly anotherOwner: string | undefined
}

/** The back-off between two gates never grows beyond this. */
const MAX_BACK_OFF_MS = 2_000
/** A view that stayed ON for less keeps the back-off of the gate before it: Redis is flapping. */
const STABLE_ON_MS = 10_000

/** Renews the lease every LEASE_RENEW_MS, drains an OFF view and opens the gate when Redis is usable again. */
export class Supervisor {
  readonly #deps: SupervisorDeps
  #view: View | undefined
  #databaseReached = false
  #anotherOwner: string | undefined
  #stopped = true
  #loop: Promise<void> = Promise.resolve()
  #offSince: number | undefined
  #onSince = Number.NEGATIVE_INFINITY
  #backOffMs: number
  #gateAfter = 0
  #gating = false
  readonly #background = new Set<Promise<void>>()

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
    this.#backOffMs = deps.times.renewMs
  }

  get status(): ViewStatus {
    return {
      view: this.#view,
      databaseReached: this.#databaseReached,
      leaseHeld: this.#deps.lease.current() !== undefined,
      anotherOwner: this.#anotherOwner,
    }
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#loop = this.#run()
  }

  /** Resolves when all its work has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#deps.gate.stop()
    this.#deps.lease.drop()
    await this.#loop
    await Promise.all(this.#background)
  }

  async #run(): Promise<void> {
    const { clock, times, observer, ticks } = this.#deps
    while (!this.#stopped) {
      const startedAt = clock.now()
      try {
        await this.renewOnce()
      } catch (error) {
        this.#databaseReached = false
        observer.failed('renewal', error)
      }
      if (this.#stopped) return
      if (ticks !== undefined) await ticks.next()
      else await clock.sleep(Math.max(0, times.renewMs - (clock.now() - startedAt)))
    }
  }

  /** One renewal and what follows from it. Throws when the database cannot be reached. */
  async renewOnce(): Promise<void> {
    const sighting = await this.#deps.renewal.renew()
    const { view, handoversWait } = sighting.snapshot
    this.#databaseReached = true
    this.#see(view)
    this.#anotherOwner = typeof sighting.owner === 'object' ? sighting.owner.another : undefined
    this.#deps.observer.viewSeen(view)
    if (view.mode === 'ON') {
      this.#deps.handover.serve(handoversWait)
      return this.#sawOn()
    }
    this.#offSince ??= this.#deps.clock.now()
    if (!view.drained) this.#drain(view)
    else this.#tryGate(sighting, view)
  }

  #see(view: View): void {
    this.#view = view
    this.#deps.outage.note(view)
  }

  #sawOn(): void {
    if (this.#offSince !== undefined) this.#onSince = this.#deps.clock.now()
    this.#offSince = undefined
    if (this.#deps.clock.now() - this.#onSince > STABLE_ON_MS) this.#backOffMs = this.#deps.times.renewMs
  }

  /** Runs in the background of the renewals, because it waits OFF_WAIT_MS. */
  #drain(view: View): void {
    const waiting = this.#deps.outage
      .waitUntilDrained(view)
      .catch(error => this.#deps.observer.failed('drain', error))
      .finally(() => this.#background.delete(waiting))
    this.#background.add(waiting)
  }

  /** Runs in the background of the renewals, because a gate may have many documents to fence, over a long distance. */
  #tryGate({ cacheIdentity, owner, snapshot }: Sighting, view: View): void {
    const { clock } = this.#deps
    if (cacheIdentity === undefined || cacheIdentity.role !== 'master') return
    if (owner === 'unknown' || typeof owner === 'object' || this.#gating || cacheIdentity.gateHeld) return
    const { otherLayout } = snapshot
    if (otherLayout === 'recent') return
    const now = clock.now()
    if (now < this.#gateAfter) return
    // Jitter keeps the gates of several instances apart.
    this.#gateAfter = now + this.#backOffMs * (0.5 + clock.random())
    this.#backOffMs = Math.min(MAX_BACK_OFF_MS, this.#backOffMs * 2)
    this.#gating = true
    const work =
      otherLayout === 'none' ? this.#open(cacheIdentity, snapshot.database, view, now) : this.#endOther()
    const opening = work.finally(() => {
      this.#gating = false
      this.#background.delete(opening)
    })
    this.#background.add(opening)
  }

  /** Its instances may have ended long ago, and have left their views ON. */
  async #endOther(): Promise<void> {
    try {
      await this.#deps.outage.endOtherLayout()
    } catch (error) {
      this.#deps.observer.failed('other-layout', error)
    }
  }

  async #open(cacheIdentity: CacheIdentity, database: string, view: View, startedAt: number): Promise<void> {
    const { clock, gate, observer } = this.#deps
    try {
      const opened = await gate.open(view.epoch, database, cacheIdentity.identity, cacheIdentity.view)
      if (opened === null) return
      observer.viewOn(opened.epoch, clock.now() - (this.#offSince ?? startedAt), opened.fenced)
      // The lease, and with it the first hit, need not wait for the next renewal.
      const { view: now } = (await this.#deps.renewal.renew()).snapshot
      this.#see(now)
      if (now.mode === 'ON') this.#sawOn()
    } catch (error) {
      observer.failed('gate', error)
    }
  }
}
