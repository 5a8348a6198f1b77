import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../../helper/backends.ts'
import { tokenOf } from '../../helper/tokens.ts'
import { Random } from '../../simulation/random.ts'
import { checkAnswers } from '../checker/answers.ts'
import { checkUnique } from '../checker/numbers.ts'
import { checkReads } from '../checker/reads.ts'
import { transactionsOf } from '../checker/transactions.ts'
import { checkValues } from '../checker/versions.ts'
import { ChaosClient } from '../client.ts'
import type { History, Violation } from '../history.ts'
import { CHAOS_SECRET, type Stack } from '../stack.ts'
import { type Scenario, UNDISTURBED } from './scenario.ts'

const USERS = Array.from({ length: 4 }, (_, index) => `u${index}`)
const PAUSE_MS = 60

/** An admin removes the busiest users again and again; the next request of each creates it anew. */
async function removals(stack: Stack, scope: Scope): Promise<() => Promise<readonly Violation[]>> {
  const urls = stack.gateways.map(({ process }) => process.url)
  const violations: Violation[] = []
  const admin = new ChaosClient(
    'admin',
    tokenOf(CHAOS_SECRET, { sub: 'admin', role: 'admin' }),
    urls,
    operation => {
      if (operation.status !== 204 && operation.status !== 404)
        violations.push({ rule: 'error-answer', message: `DELETE: ${operation.status} ${operation.code}` })
    },
  )
  scope.teardown(() => admin.close())
  const random = new Random(3)
  let stopped = false
  const working = (async () => {
    while (!stopped) {
      await admin.remove(random.int(urls.length), random.pick(USERS))
      await sleep(random.next() * PAUSE_MS)
    }
  })()
  return async () => {
    stopped = true
    await working
    return violations
  }
}

/**
 * A deleted user leaves no history, so the checks that need one are left out: no answer is older than what was
 * acknowledged, no version has two contents, and nothing but success and 404 is answered.
 */
function judge(history: History): Violation[] {
  const known = history.operations.filter(({ status }) => status !== 404)
  return [
    ...checkReads({ ...history, operations: known }, transactionsOf(history)),
    ...checkValues(history),
    ...checkUnique(history),
    ...checkAnswers({ ...history, operations: known }),
  ]
}

export const DELETIONS: readonly Scenario[] = [
  {
    name: 'C14',
    says: 'users are deleted while they are written',
    beside: removals,
    judge,
    faults: [UNDISTURBED],
  },
]
