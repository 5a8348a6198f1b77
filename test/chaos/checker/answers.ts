import { describe, type History, type Operation, overlaps, type Violation } from '../history.ts'

/**
 * Every request is answered, and no error is one that Redis caused. Allowed: no answer from a process that was killed
 * or frozen meanwhile; 503 while that gateway had trouble with PostgreSQL, or was itself frozen, by us or by a machine
 * without time for it. Anything else that is
 * not a success is a violation, for the clients only send requests that are right.
 */
export function checkAnswers({ operations, windows }: History): Violation[] {
  const violations: Violation[] = []
  for (const operation of operations) {
    const { status, code } = operation
    if (status >= 200 && status < 300) continue
    if (status === 0) {
      if (overlaps(windows, operation, 'gateway')) continue
      violations.push({ rule: 'no-answer', message: `${code}: ${describe(operation)}` })
    } else if (status !== 503 || !overlaps(windows, operation, 'postgres', 'gateway', 'machine')) {
      violations.push({ rule: 'error-answer', message: `${status} ${code}: ${describe(operation)}` })
    }
  }
  return violations
}

/** cache-differs: when all is quiet the cache equals the database, byte for byte. */
export function checkCache({ cachedKeys }: History): Violation[] {
  return cachedKeys
    .filter(({ cached, expected }) => cached !== expected)
    .map(({ key, cached, expected }) => ({
      rule: 'cache-differs',
      message: `${key} is ${shorten(cached)}, the row is ${shorten(expected)}`,
    }))
}

/** Operations whose answer was not a success although it was allowed, by status and code. */
export function countTolerated(operations: readonly Operation[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { status, code } of operations) {
    if (status >= 200 && status < 300) continue
    const name = status === 0 ? `no answer (${code})` : `${status} ${code}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function shorten(text: string | null): string {
  return text === null ? 'missing' : text.slice(0, 80)
}
