import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { SERVICE } from '../helper/gateway.ts'

export interface LoadOptions {
  readonly url: string
  /** Requests per second, sent at their time whether earlier ones have been answered or not. */
  readonly rate: number
  /** Share of requests that write, 0 to 1. */
  readonly writes: number
  readonly users: number
}

export interface LoadReport {
  readonly sent: number
  readonly failed: number
  /** What went wrong, with its count. */
  readonly failures: ReadonlyMap<string, number>
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Requests are sent in groups this often. */
const TICK_MS = 10
const MODES = ['ultra', 'scalp', 'swing', 'position']
/** Latencies kept for the percentiles: the latest ones. */
const SAMPLES = 20_000

/** Reads and writes of settings at a steady rate. */
export class OpenLoop {
  readonly #options: LoadOptions
  readonly #pool: Pool
  readonly #latencies: number[] = []
  readonly #failures = new Map<string, number>()
  readonly #inFlight = new Set<Promise<void>>()
  #sent = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#pool = new Pool(options.url, { connections: 64, pipelining: 1 })
  }

  /** Creates the users, so that the load finds them. */
  async prepare(): Promise<void> {
    for (let user = 0; user < this.#options.users; user++) {
      const headers = { ...SERVICE, 'x-user-id': `u${user}` }
      const { statusCode, body } = await this.#pool.request({
        method: 'GET',
        path: '/api/user/settings',
        headers,
      })
      await body.dump()
      if (statusCode !== 200) throw new Error(`creating a user was answered with ${statusCode}`)
    }
  }

  /** Sends until `signal` fires, then waits for the last answers. */
  async run(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now()
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * this.#options.rate)
      while (this.#sent < due) this.#send()
      await sleep(TICK_MS)
    }
    await Promise.all(this.#inFlight)
    await this.#pool.close()
  }

  report(): LoadReport {
    // Not answered yet: a hole.
    const sorted = this.#latencies.filter(latency => latency !== undefined).sort((a, b) => a - b)
    const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0)
    return { sent: this.#sent, failed, failures: this.#failures, p50: quantile(0.5), p99: quantile(0.99) }
  }

  #send(): void {
    const number = this.#sent++
    const answered = this.#ask(number).finally(() => this.#inFlight.delete(answered))
    this.#inFlight.add(answered)
  }

  async #ask(number: number): Promise<void> {
    const { users, writes } = this.#options
    const write = Math.floor((number + 1) * writes) > Math.floor(number * writes)
    const startedAt = performance.now()
    try {
      const { statusCode, body } = await this.#pool.request({
        method: write ? 'PUT' : 'GET',
        path: `/api/futures/ginie/modes/${MODES[number % MODES.length]}`,
        headers: { ...SERVICE, 'x-user-id': `u${number % users}`, 'content-type': 'application/json' },
        body: write ? JSON.stringify({ confidence: { min_confidence: 30 + (number % 40) } }) : null,
      })
      const text = await body.text()
      if (statusCode !== 200) this.#count(`${statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`)
    } catch (error) {
      this.#count(String(error))
    }
    this.#latencies[number % SAMPLES] = performance.now() - startedAt
  }

  #count(failure: string): void {
    this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1)
  }
}
