import type { History, Operation, StoredVersion } from '../history.ts'
import { entryOf } from './highest.ts'

/** Versions that one transaction stored, and the operation that asked for it (undefined: a client's, of which nothing is known). */
export interface Transaction {
  readonly user: string
  readonly versions: ReadonlyMap<string, number>
  readonly operation: Operation | undefined
}

/** Clocks are read before and after they are compared; the server's are in whole milliseconds. */
const CLOCK_SLACK_MS = 5

/** What the history table says was stored, by transaction: rows of one user, writer and moment. */
export function transactionsOf({ stored, operations }: History): Transaction[] {
  const groups = new Map<string, StoredVersion[]>()
  for (const row of stored) {
    entryOf(groups, `${row.user}\n${row.updatedBy}\n${row.reason}\n${row.at}`, () => []).push(row)
  }
  const find = operationFinder(operations)
  return [...groups.values()].map(rows => ({
    user: rows[0]!.user,
    versions: new Map(rows.map(({ kind, version }) => [kind, version])),
    operation: find(rows),
  }))
}

/** A write is found by the mark it left, load-defaults by its client and time: a client does one thing at a time. */
function operationFinder(operations: readonly Operation[]) {
  const byMark = new Map<string, Operation>()
  const byClient = new Map<string, Operation[]>()
  for (const operation of operations) {
    if (operation.mark !== '') byMark.set(operation.mark, operation)
    if (operation.type === 'load-defaults') {
      entryOf(byClient, `${operation.user}\nservice:${operation.client}`, () => []).push(operation)
    }
  }
  const seen = new Set<string>()
  return (rows: readonly StoredVersion[]): Operation | undefined => {
    const { user, updatedBy, at, reason, marks } = rows[0]!
    if (reason === 'load-defaults') {
      return byClient
        .get(`${user}\n${updatedBy}`)
        ?.find(({ start, end }) => start - CLOCK_SLACK_MS <= at && at <= end + CLOCK_SLACK_MS)
    }
    // Rows are in the order of their versions: the mark that is new is the writer's.
    const mark = marks.find(each => each !== '' && !seen.has(`${user}\n${each}`))
    for (const each of marks) seen.add(`${user}\n${each}`)
    return mark === undefined ? undefined : byMark.get(mark)
  }
}
