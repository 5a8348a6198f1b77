import { SOUND } from './build.ts'
import type { AnyFocus } from './draw-scenario.ts'
import type { Rule } from './rules.ts'
import { walk } from './walk.ts'

/** What many runs came to. */
export interface Tally {
  seeds: number
  operations: number
  answered: number
  readonly faults: Map<string, number>
  readonly failed: { readonly seed: number; readonly violations: readonly string[] }[]
}

/** Runs seeds `from`, `from + step`, ... until `enough` says so. */
export async function campaign(
  from: number,
  step: number,
  enough: (tally: Tally) => boolean,
  focus?: AnyFocus,
): Promise<Tally> {
  const tally: Tally = { seeds: 0, operations: 0, answered: 0, faults: new Map(), failed: [] }
  for (let seed = from; !enough(tally); seed += step) {
    const { operations, answered, faults, violations } = await walk(seed, SOUND, focus)
    add(tally, { seeds: 1, operations, answered, faults, failed: [] })
    if (violations.length > 0) tally.failed.push({ seed, violations })
  }
  return tally
}

/** Adds the second to the first. */
export function add(
  tally: Tally,
  more: Omit<Tally, 'faults'> & { faults: ReadonlyMap<string, number> },
): void {
  tally.seeds += more.seeds
  tally.operations += more.operations
  tally.answered += more.answered
  for (const [name, count] of more.faults) tally.faults.set(name, (tally.faults.get(name) ?? 0) + count)
  tally.failed.push(...more.failed)
}

/** A wrong answer, not merely a cache that is not used again. */
const WRONG_ANSWER =
  /stale|torn|another value|never committed|not in the history|handed out twice|while the view was ON/

/** The first wrong answer; undefined = none. */
export function findWrongAnswer(violations: readonly string[]): string | undefined {
  return violations.find(text => WRONG_ANSWER.test(text))
}

export interface Catch {
  /** Runs it took. */
  readonly seeds: number
  /** The seed that failed, and how; undefined = not caught in time. */
  readonly seed: number | undefined
  readonly violation: string
}

/** Switches one rule off and runs seeds from `from` until an answer is wrong, or `enough` says so of their number. */
export async function hunt(
  rule: Pick<Rule, 'off' | 'focus'>,
  from: number,
  enough: (seeds: number) => boolean,
): Promise<Catch> {
  let seeds = 0
  for (let seed = from; !enough(seeds); seed++) {
    seeds++
    const { violations } = await walk(seed, rule.off, rule.focus)
    const violation = findWrongAnswer(violations)
    if (violation !== undefined) return { seeds, seed, violation }
  }
  return { seeds, seed: undefined, violation: '' }
}
