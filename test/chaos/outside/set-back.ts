import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { check } from '../checker/check.ts'
import { checkUnique } from '../checker/numbers.ts'
import { checkValues } from '../checker/versions.ts'
import { between, type Fault, type FaultContext } from '../faults/fault.ts'
import type { History, Violation } from '../history.ts'
import type { Scenario } from './scenario.ts'

/** Longer than a lease: no answer after the return rests on what was known before. */
const DOWN_MS = 1_300

/** What happens to Redis and the gateways between the snapshot and the return to it. */
type Meanwhile = (context: FaultContext) => Promise<void>

/**
 * The volume of PostgreSQL is set back to a snapshot, under the same identifier and timeline, while Redis and the
 * gateways go on. What was acknowledged in between is lost, and that is outside the promise. The promise holds for
 * everything since, and over the whole run no number, and no version of a document, is used a second time.
 */
function setBack(times: number[], meanwhile: Meanwhile): Fault {
  return {
    name: 'PostgreSQL set back to a snapshot',
    async inject(context) {
      const { postgres, gateways } = context.stack
      const snapshot = `${postgres.dataDir}.snapshot`
      context.hurt('postgres', gateways)
      await postgres.stop()
      copy(postgres.dataDir, snapshot)
      await postgres.restart()
      await meanwhile(context)
      await postgres.stop()
      rmSync(postgres.dataDir, { recursive: true })
      copy(snapshot, postgres.dataDir)
      rmSync(snapshot, { recursive: true })
      await new Promise(resolve => setTimeout(resolve, DOWN_MS))
      times.push(performance.now())
      await postgres.restart()
    },
  }
}

/** With owners and modes: PostgreSQL refuses a directory of another user. */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to])
}

function scenario(name: string, says: string, meanwhile: Meanwhile): Scenario {
  const times: number[] = []
  return {
    name,
    says,
    faults: [setBack(times, meanwhile)],
    judge: history => judgeSince(history, times.at(-1) ?? 0),
  }
}

/** Everything since the last return, and over the whole run what must never be used twice. */
function judgeSince(history: History, since: number): Violation[] {
  return [
    ...check({ ...history, operations: history.operations.filter(verifiedSince(since)) }),
    ...checkUnique(history),
    ...checkValues(history),
  ]
}

/** An answer that says that nobody could confirm it may come from the time that was lost. */
function verifiedSince(since: number) {
  return ({ start, cache }: History['operations'][number]) => start >= since && !/unverified/.test(cache)
}

/** Each loss of the view costs an epoch, which the database of the snapshot does not know. */
const EPOCHS = 4

export const SET_BACKS: readonly Scenario[] = [
  scenario('D8', 'PostgreSQL is set back to a snapshot (also C7 and C8)', context =>
    between(context, 1_000, 4_000),
  ),
  scenario('C9', 'the epochs of the lost hour are in Redis', async context => {
    for (let i = 0; i < EPOCHS; i++) {
      await context.stack.command(client => client.del('gateway:view'))
      await between(context, 1_500, 3_000)
    }
  }),
]
