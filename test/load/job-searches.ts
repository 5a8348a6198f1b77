import { ADMIN } from '../helper/tokens.ts'
import { say } from './report.ts'

/** The documents differ, as those of users do: one user in 1,000 has a leverage above 50, and each has one of 20 confidences. */
export const CONTENT = `CASE WHEN kind IN ('mode.scalp', 'mode.swing') THEN jsonb_set(
  jsonb_set(data, '{confidence,min_confidence}', to_jsonb(50 + n % 20)),
  '{size,leverage}', to_jsonb(CASE WHEN n % 1000 = 999 THEN 60 ELSE 5 END)) ELSE data END`
/** No user has it, and no index names it. */
const NOBODY = 'mode.scalp:confidence.min_confidence>90'
const SEARCHES = [
  ['mode.scalp:size.leverage>50'],
  ['mode.scalp:size.leverage>1'],
  ['mode.scalp:size.leverage>50', 'mode.swing:confidence.min_confidence>=60'],
  ['mode.scalp:confidence.min_confidence=55'],
  ['settings:trading.timezone=UTC', 'circuit_breaker:enabled=false'],
  [NOBODY],
]
/** As often as tells a p99. */
const TIMES = 100
/** What an operator waits for a search, milliseconds. */
const WAIT_MS = 300

interface Page {
  readonly users: readonly unknown[]
  readonly next: string | null
}

/** The searches of an operator. False when one took longer than it may. */
export async function measureSearches(url: string): Promise<boolean> {
  let isFast = true
  for (const where of SEARCHES) {
    const times: number[] = []
    let found = 0
    for (let index = 0; index < TIMES; index++) {
      const startedAt = performance.now()
      found = (await search(url, where)).users.length
      times.push(performance.now() - startedAt)
    }
    times.sort((a, b) => a - b)
    const [p50, p99] = [0.5, 0.99].map(part => times[Math.floor(times.length * part)]!) as [number, number]
    isFast &&= p99 < WAIT_MS
    const verdict = p99 < WAIT_MS ? 'ok' : 'FAILED'
    say(
      `${verdict}: search ${where.join(' and ')}: ${found} on the first page, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
    )
  }
  const startedAt = performance.now()
  let pages = 0
  for (let next: string | null | undefined; next !== null; pages++) {
    next = (await search(url, [NOBODY], next)).next
  }
  say(`search ${NOBODY} through all users: ${pages} pages, ${(performance.now() - startedAt).toFixed(0)} ms`)
  return isFast
}

async function search(url: string, where: readonly string[], cursor?: string): Promise<Page> {
  const query = new URLSearchParams(cursor === undefined ? {} : { cursor })
  for (const each of where) query.append('where', each)
  const response = await fetch(`${url}/api/admin/users?${query}`, { headers: ADMIN })
  if (!response.ok) throw new Error(`a search was answered with ${response.status} ${await response.text()}`)
  return (await response.json()) as Page
}
