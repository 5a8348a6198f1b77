import type { Lease } from './lease.ts'
import type { ClockPort, ObserverPort, ProtocolTimes } from './ports.ts'
import type { StorePort } from './store-port.ts'
import type { View } from './views.ts'

export interface OutageDeps {
  readonly store: StorePort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly lease: Lease
  readonly times: Pick<ProtocolTimes, 'leaseMs' | 'offWaitMs'>
}

/** The wait for the leases of one OFF. */
interface Drain {
  readonly ended: Promise<void>
  /** Ends it: another instance has waited long enough. */
  readonly skip: () => void
}

/** Turns the view OFF, or those of the other layout, and waits until no lease of it can be alive. */
export class Outage {
  readonly #deps: OutageDeps
  /** By the epoch of the OFF. */
  readonly #draining = new Map<number, Drain>()
  #endingOther: Promise<void> | undefined
  #drainedAt = Number.NEGATIVE_INFINITY

  constructor(deps: OutageDeps) {
    this.#deps = deps
  }

  /** Turns ON at `epoch` to OFF at epoch + 1, unless another instance was faster. Resolves to the view after that. */
  async turnOff(epoch: number, reason: string): Promise<View> {
    const { store, observer, lease } = this.#deps
    lease.drop()
    const view = await store.setOff(epoch, reason)
    if (view.mode === 'OFF' && view.epoch === epoch + 1) observer.viewOff(reason, view.epoch)
    await observer.step('outage.off')
    return view
  }

  /**
   * Resolves when the view, seen OFF before this call, is drained: after OFF_WAIT_MS every lease granted before has ended. Other
   * instances may have longer leases than this one; the view has the longest. Holds no lock. Callers share one wait, which began
   * no earlier than the OFF that they all saw, and ends when `note` learns that another instance has waited.
   */
  waitUntilDrained({ epoch, leaseMs }: Pick<View, 'epoch' | 'leaseMs'>): Promise<void> {
    const draining = this.#draining.get(epoch)
    if (draining !== undefined) return draining.ended
    const skipped = Promise.withResolvers<void>()
    const ended = this.#drain(epoch, leaseMs, skipped.promise).finally(() => {
      this.#draining.delete(epoch)
      this.#drainedAt = this.#deps.clock.now()
    })
    this.#draining.set(epoch, { ended, skip: skipped.resolve })
    return ended
  }

  /**
   * Call with each view that the database answers. Ends the waits for an OFF that is drained or over: whoever waits longer
   * than the instance that drained it could meet the next OFF, and wait again.
   */
  note(view: Pick<View, 'epoch' | 'drained'>): void {
    for (const [epoch, { skip }] of this.#draining)
      if (view.epoch > epoch || (view.epoch === epoch && view.drained)) skip()
  }

  /**
   * Turns the views of the other layout OFF, and resolves when they are drained: instances with another kind of Redis must not
   * answer from it what this one changes. Callers share one wait, and look again afterwards.
   */
  endOtherLayout(): Promise<void> {
    this.#endingOther ??= this.#endOther().finally(() => {
      this.#endingOther = undefined
      this.#drainedAt = this.#deps.clock.now()
    })
    return this.#endingOther
  }

  async #endOther(): Promise<void> {
    const { store, clock, observer } = this.#deps
    const views = await store.setOtherLayoutOff()
    if (views.length === 0) return
    await observer.step('outage.other-layout-off')
    await clock.sleep(this.waitMs(Math.max(...views.map(({ leaseMs }) => leaseMs))))
    await store.setOtherLayoutDrained(views)
  }

  /** The last moment, on the monotonic clock, at which a view waited for its leases to end. Writes wait as long. */
  get lastDraining(): number {
    return this.#draining.size > 0 || this.#endingOther !== undefined
      ? this.#deps.clock.now()
      : this.#drainedAt
  }

  /** OFF_WAIT_MS, in proportion to the lease that it outlasts. */
  protected waitMs(leaseMs: number): number {
    const { times } = this.#deps
    return times.offWaitMs * Math.max(1, leaseMs / times.leaseMs)
  }

  async #drain(epoch: number, leaseMs: number, skipped: Promise<void>): Promise<void> {
    const { store, clock, observer } = this.#deps
    const waited = clock.sleep(this.waitMs(leaseMs)).then(() => true)
    if (!(await Promise.race([waited, skipped.then(() => false)]))) return
    await store.setDrained(epoch)
    await observer.step('outage.drained')
  }
}
