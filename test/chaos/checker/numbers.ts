import { partitionOf, viewOfPartition } from '../../../src/consistency/partitions.ts'
import type { DrawnRange, History, Operation, Violation } from '../history.ts'
import { entryOf, Highest } from './highest.ts'

type Draw = Operation & { readonly numbers: DrawnRange }

/** duplicate-number: no number of a user and day is handed out twice, whatever happens. */
export function checkUnique({ operations }: History): Violation[] {
  const violations: Violation[] = []
  for (const [id, draws] of byUserAndDay(operations)) {
    const ranges = draws.map(({ numbers }) => numbers).sort((a, b) => a.first - b.first)
    let highest = 0
    for (const { first, last } of ranges) {
      if (first <= highest) {
        violations.push({
          rule: 'duplicate-number',
          message: `${id.replace('\n', ' ')}: ${first} to ${Math.min(last, highest)} again`,
        })
      }
      highest = Math.max(highest, last)
    }
  }
  return violations
}

/** falling-number: while the user's view stays ON a draw gets larger numbers than all draws that ended before it began. */
export function checkAscending({ operations, onPeriods }: History): Violation[] {
  const violations: Violation[] = []
  for (const [id, draws] of byUserAndDay(operations)) {
    const views = [0, viewOfPartition(partitionOf(draws[0]!.user))]
    for (const period of onPeriods.filter(({ view }) => views.includes(view))) {
      const inside = draws.filter(({ start, end }) => period.start <= start && end <= period.end)
      const ended = new Highest()
      for (const { end, numbers } of inside) ended.add(end, numbers.last)
      for (const { start, numbers } of inside) {
        const before = ended.before(start)
        if (numbers.first > before) continue
        violations.push({
          rule: 'falling-number',
          message: `${id.replace('\n', ' ')}: ${numbers.first} after ${before}`,
        })
      }
    }
  }
  return violations
}

/** How many numbers the operations got. */
export function countNumbers(operations: readonly Operation[]): number {
  return operations.reduce(
    (sum, { numbers }) => sum + (numbers === undefined ? 0 : numbers.last - numbers.first + 1),
    0,
  )
}

function byUserAndDay(operations: readonly Operation[]): ReadonlyMap<string, Draw[]> {
  const days = new Map<string, Draw[]>()
  for (const operation of operations) {
    if (!isDraw(operation)) continue
    entryOf(days, `${operation.user}\n${operation.numbers.day}`, () => []).push(operation)
  }
  return days
}

function isDraw(operation: Operation): operation is Draw {
  return operation.numbers !== undefined
}
