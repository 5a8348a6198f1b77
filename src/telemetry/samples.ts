import { createHistogram } from 'node:perf_hooks'
import type { ReadStatus } from '../consistency/read-outcome.ts'

/** What happened between the sample before and this one. */
export interface Sample {
  /** RFC 3339, UTC: the end. */
  readonly at: string
  readonly seconds: number
  readonly requests: number
  /** Answered with 5xx. */
  readonly errors: number
  /** Reads of settings by how they were answered. */
  readonly hits: number
  readonly misses: number
  readonly bypasses: number
  readonly unverified: number
  /** Latency of all requests, milliseconds; null without requests. */
  readonly p50_ms: number | null
  readonly p99_ms: number | null
}

/** With a sample every 5 s: a quarter of an hour. */
const KEPT = 180
const COUNTED_AS = {
  hit: 'hits',
  'miss-stored': 'misses',
  miss: 'misses',
  degraded: 'bypasses',
  unverified: 'unverified',
} as const satisfies Record<ReadStatus, keyof Sample>

const none = () => ({ requests: 0, errors: 0, hits: 0, misses: 0, bypasses: 0, unverified: 0 })

/** The recent traffic in samples, oldest first, so that the operator page shows what happened before it was opened. */
export class Samples {
  // Not the buckets of the metrics: they begin at half a millisecond, and a read takes tenths. Microseconds: the histogram takes
  // whole numbers.
  readonly #latency = createHistogram()
  #counts = none()
  #since = performance.now()
  #kept: readonly Sample[] = []

  requestAnswered(milliseconds: number, status: number): void {
    this.#counts.requests++
    if (status >= 500) this.#counts.errors++
    this.#latency.record(Math.max(1, Math.round(milliseconds * 1_000)))
  }

  readAnswered(status: ReadStatus): void {
    this.#counts[COUNTED_AS[status]]++
  }

  /** Ends the present sample and begins the next. */
  take(): void {
    const now = performance.now()
    const percentile = (of: number) =>
      this.#counts.requests === 0 ? null : this.#latency.percentile(of) / 1_000
    const sample: Sample = {
      at: new Date().toISOString(),
      seconds: Math.round(now - this.#since) / 1_000,
      ...this.#counts,
      p50_ms: percentile(50),
      p99_ms: percentile(99),
    }
    this.#kept = [...this.#kept.slice(1 - KEPT), sample]
    this.#counts = none()
    this.#latency.reset()
    this.#since = now
  }

  list(): readonly Sample[] {
    return this.#kept
  }
}
