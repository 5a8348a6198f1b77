import { Pool } from 'undici'
import type { Measured } from './load.ts'
import { median } from './rounds.ts'

export interface Call {
  readonly method: 'PUT' | 'POST' | 'GET'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * Calls one after the other on each of `connections`, for requests that differ from one another. `next` makes the
 * n-th call of one connection.
 */
export async function closedLoop(
  url: string,
  connections: number,
  seconds: number,
  next: (connection: number, n: number) => Call,
): Promise<Measured> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const latencies: number[] = []
  let failed = 0
  const startedAt = performance.now()
  const until = startedAt + seconds * 1_000
  const loop = async (connection: number) => {
    for (let n = 0; performance.now() < until; n++) {
      const sentAt = performance.now()
      const { statusCode, body } = await pool.request(next(connection, n))
      await body.dump()
      latencies.push(performance.now() - sentAt)
      if (statusCode !== 200) failed++
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => loop(connection)))
  const elapsed = (performance.now() - startedAt) / 1_000
  await pool.close()
  return { requests: latencies.length, rps: latencies.length / elapsed, ...quantiles(latencies), failed }
}

/** The same requests at a fixed rate, whether earlier ones are answered or not. */
export async function openLoop(url: string, rate: number, seconds: number, call: Call): Promise<Measured> {
  const pool = new Pool(url, { connections: 64, pipelining: 1 })
  const latencies: number[] = []
  let failed = 0
  const one = async () => {
    const sentAt = performance.now()
    const { statusCode, body } = await pool.request(call)
    await body.dump()
    latencies.push(performance.now() - sentAt)
    if (statusCode !== 200) failed++
  }
  const startedAt = performance.now()
  const total = rate * seconds
  const underWay: Promise<void>[] = []
  while (underWay.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * rate))
    // The timer is no finer than a millisecond; what is due now leaves now, and its latency counts from here.
    while (underWay.length < due) underWay.push(one())
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await Promise.all(underWay)
  await pool.close()
  return { requests: total, rps: rate, ...quantiles(latencies), failed }
}

function quantiles(values: readonly number[]): { p50: number; p99: number } {
  if (values.length === 0) return { p50: 0, p99: 0 }
  const sorted = values.toSorted((a, b) => a - b)
  return { p50: median(sorted), p99: sorted[Math.floor(sorted.length * 0.99)]! }
}
