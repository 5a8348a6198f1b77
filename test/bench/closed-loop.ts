import { Pool } from 'undici'
import type { Measured } from './load.ts'
import { quantile } from './rounds.ts'

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
  latencies.sort((a, b) => a - b)
  return {
    requests: latencies.length,
    rps: latencies.length / elapsed,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    failed,
  }
}
