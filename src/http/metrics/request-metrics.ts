import type { FastifyInstance } from 'fastify'
import { onAnswered } from '../answered.ts'
import { LatencyHistogram } from '../latency-histogram.ts'
import type { Instruments } from './instruments.ts'

/** Seconds; a read takes tenths of a millisecond, a write a few. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

type Observe = (seconds: number) => void

/** The requests of callers, by the pattern of their route. */
export class RequestMetrics {
  readonly #requests: LatencyHistogram
  /** By route, method, status. */
  readonly #series = new Map<string, Map<string, Map<number, Observe>>>()

  constructor({ registry }: Instruments) {
    this.#requests = new LatencyHistogram(
      { name: 'http_request_duration_seconds', help: 'Requests by route pattern', bounds: LATENCY_BUCKETS },
      registry,
    )
  }

  /** Counts every request that the app answers. */
  watch(app: FastifyInstance): void {
    onAnswered(app, ({ method }, { statusCode }, milliseconds, { url = 'unknown' }) => {
      this.answered(method, url, statusCode, milliseconds)
    })
  }

  /** Counts one request; `route` is the route's pattern. */
  answered(method: string, route: string, status: number, milliseconds: number): void {
    // Nested maps, because the texts of a route are the same objects each time: no key is built or hashed per request.
    const byMethod = this.#series.get(route) ?? new Map<string, Map<number, Observe>>()
    if (byMethod.size === 0) this.#series.set(route, byMethod)
    const byStatus = byMethod.get(method) ?? new Map<number, Observe>()
    if (byStatus.size === 0) byMethod.set(method, byStatus)
    let observe = byStatus.get(status)
    if (observe === undefined) {
      observe = this.#requests.series({ method, route, status: String(status) })
      byStatus.set(status, observe)
    }
    observe(milliseconds / 1_000)
  }
}
