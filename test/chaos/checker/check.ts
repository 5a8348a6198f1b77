import type { History, Violation } from '../history.ts'
import { checkAnswers, checkCache } from './answers.ts'
import { checkAscending, checkUnique } from './numbers.ts'
import { checkBundles, checkReads } from './reads.ts'
import { transactionsOf } from './transactions.ts'
import { checkOrigins, checkStored, checkValues, checkWrites } from './versions.ts'

/** Everything that docs/consistency.md promises, checked against what a run recorded. Pure. */
export function check(history: History): Violation[] {
  const transactions = transactionsOf(history)
  return [
    ...checkReads(history, transactions),
    ...checkBundles(history, transactions),
    ...checkValues(history),
    ...checkOrigins(history, transactions),
    ...checkWrites(history, transactions),
    ...checkStored(history),
    ...checkUnique(history),
    ...checkAscending(history),
    ...checkAnswers(history),
    ...checkCache(history),
  ]
}
