import type { BreakerState } from '../cache/breaker.ts'
import type { ReadStatus } from '../consistency/read-outcome.ts'
import { Samples } from './samples.ts'
import type { Telemetry } from './telemetry.ts'
import { Transitions } from './transitions.ts'

/** A sample of the traffic is taken so often. */
const SAMPLE_MS = 5_000

/** What happened lately in this process, in memory of fixed size: for the operator page. */
export class Activity implements Partial<Telemetry> {
  readonly transitions = new Transitions()
  readonly samples = new Samples()
  #timer: NodeJS.Timeout | undefined

  start(): void {
    this.#timer = setInterval(() => this.samples.take(), SAMPLE_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  readAnswered(status: ReadStatus): void {
    this.samples.readAnswered(status)
  }

  breakerChanged(state: BreakerState, error?: unknown, node?: string): void {
    // Probes that failed would push everything else out.
    if (state === 'half-open' || (state === 'open' && error === undefined)) return
    const detail = state === 'closed' ? 'Redis answers again' : String(error)
    const where = node === undefined ? '' : `${node}: `
    this.transitions.add({ subject: 'breaker', state, detail: where + detail })
  }

  viewOff(reason: string): void {
    this.transitions.add({ subject: 'view', state: 'off', detail: reason })
  }

  viewOn(recoveryMs: number, how: string): void {
    this.transitions.add({
      subject: 'view',
      state: 'on',
      detail: how,
      recovery_ms: Math.round(recoveryMs),
    })
  }
}
