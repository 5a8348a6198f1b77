import { cpuSeconds, residentMb } from './memory.ts'

const EVERY_MS = 500
/** What modules, compiled code and the first garbage take comes at the start, and is no leak. */
const WARM_UP = 1 / 3
/** Of fewer samples a slope says nothing. */
const MIN_SAMPLES = 60

interface Sample {
  /** Minutes since the start. */
  readonly at: number
  readonly mb: number
}

/** The resident memory and the processor time of a process, until it is stopped or the process has ended. */
export class MemoryWatch {
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  #cpuSeconds = 0

  constructor(pid: number) {
    const startedAt = performance.now()
    const before = cpuSeconds(pid)
    this.#timer = setInterval(() => {
      try {
        const mb = residentMb(pid)
        // A process that has ended, and whose parent has not looked yet, has none.
        this.#cpuSeconds = cpuSeconds(pid) - before
        if (mb > 0) this.#samples.push({ at: (performance.now() - startedAt) / 60_000, mb })
      } catch {
        this.stop()
      }
    }, EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get cpuSeconds(): number {
    return this.#cpuSeconds
  }

  get peakMb(): number {
    return Math.max(0, ...this.#samples.map(({ mb }) => mb))
  }

  /** Least squares over the samples behind the warm-up, MB a minute; undefined when there are too few. */
  get slopeMbPerMinute(): number | undefined {
    const samples = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP))
    if (samples.length < MIN_SAMPLES) return undefined
    const mean = (of: (sample: Sample) => number) =>
      samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
    const [at, mb] = [mean(sample => sample.at), mean(sample => sample.mb)]
    const spread = mean(sample => (sample.at - at) ** 2)
    return mean(sample => (sample.at - at) * (sample.mb - mb)) / spread
  }

  toString(): string {
    const slope = this.slopeMbPerMinute
    const growth = slope === undefined ? 'too short for a slope' : `${slope.toFixed(1)} MB/min`
    return `${this.#cpuSeconds.toFixed(1)} s of CPU, peak ${this.peakMb.toFixed(0)} MB, ${growth}`
  }
}
