import type { Histogram, Registry } from 'prom-client'

/** The counts of one set of labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** One per bound; the last counts values above all bounds. */
  readonly counts: number[]
  sum: number
}

export interface LatencyHistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds of the buckets, ascending, seconds. */
  readonly bounds: readonly number[]
}

/**
 * A histogram for prom-client's registry. That of prom-client validates, hashes and sorts the labels at every observation,
 * which costs as much as all other metrics of a cached read; here the caller keeps the series, and labels are written
 * only when Prometheus scrapes.
 */
export class LatencyHistogram {
  readonly #options: LatencyHistogramOptions
  readonly #series: Series[] = []

  constructor(options: LatencyHistogramOptions, registry: Registry) {
    this.#options = options
    const { name, help } = options
    const metric = { name, help, type: 'histogram', aggregator: 'sum', get: async () => this.#collect() }
    registry.registerMetric(metric as unknown as Histogram)
  }

  /** Adds a series. Returns the function that counts one latency, in seconds. */
  series(labels: Readonly<Record<string, string>>): (seconds: number) => void {
    const { bounds } = this.#options
    const series: Series = { labels, counts: new Array(bounds.length + 1).fill(0), sum: 0 }
    this.#series.push(series)
    return seconds => {
      let bucket = 0
      while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
      series.counts[bucket]!++
      series.sum += seconds
    }
  }

  #collect() {
    const { name, help, bounds } = this.#options
    const values = this.#series.flatMap(({ labels, counts, sum }) => {
      let below = 0
      const buckets = [...bounds, '+Inf'].map((le, bucket) => {
        below += counts[bucket]!
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below }
      })
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: below },
      ]
    })
    return { name, help, type: 'histogram', aggregator: 'sum', values }
  }
}
