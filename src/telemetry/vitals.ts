import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { VitalsPort } from '../fleet/ports.ts'

/** Coarser than that of the metrics: it only has to show trouble. */
const RESOLUTION_MS = 20

/** Memory and event loop of this process. */
export class Vitals implements VitalsPort {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })

  constructor() {
    this.#delay.enable()
  }

  read() {
    return { memoryBytes: residentBytes(), eventLoopDelayMs: this.#delayMs() }
  }

  next(): void {
    this.#delay.reset()
  }

  stop(): void {
    this.#delay.disable()
  }

  #delayMs(): number | null {
    if (this.#delay.count === 0) return null
    // A sample is the time between two ticks.
    const delay = this.#delay.percentile(99) / 1e6 - RESOLUTION_MS
    return Math.round(Math.max(0, delay) * 10) / 10
  }
}

/** It reads a file, which fails while the process has too many open. */
function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss()
  } catch {
    return null
  }
}
