import type { Lease } from './lease.ts'
import type { ClockPort, ObserverPort, ProtocolTimes, StorePort, View } from './ports.ts'

export interface OutageDeps {
  readonly store: StorePort
  readonly clock: ClockPort
  readonly observer: ObserverPort
  readonly lease: Lease
  readonly times: Pick<ProtocolTimes, 'leaseMs' | 'offWaitMs'>
}

/** Turns the view OFF and waits until no lease of it can be alive. */
export class Outage {
  readonly #deps: OutageDeps
  readonly #draining = new Map<number, Promise<void>>()

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
   * Resolves when the view, seen OFF before this call, is drained: after W_off every lease granted before has ended. Other
   * instances may have longer leases than this one; the view has the longest. Holds no lock. Callers share one wait, which began
   * no earlier than the OFF that they all saw.
   */
  waitUntilDrained({ epoch, leaseMs }: Pick<View, 'epoch' | 'leaseMs'>): Promise<void> {
    let waiting = this.#draining.get(epoch)
    if (waiting === undefined) {
      waiting = this.#drain(epoch, leaseMs).finally(() => this.#draining.delete(epoch))
      this.#draining.set(epoch, waiting)
    }
    return waiting
  }

  /** True while a view waits for its leases to end. Writes wait as long. */
  get draining(): boolean {
    return this.#draining.size > 0
  }

  /** W_off is in proportion to the lease that it outlasts. */
  protected waitMs(leaseMs: number): number {
    const { times } = this.#deps
    return times.offWaitMs * Math.max(1, leaseMs / times.leaseMs)
  }

  async #drain(epoch: number, leaseMs: number): Promise<void> {
    const { store, clock, observer } = this.#deps
    await clock.sleep(this.waitMs(leaseMs))
    await store.setDrained(epoch)
    await observer.step('outage.drained')
  }
}
