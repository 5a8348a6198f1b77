/** One read that was answered. Times are milliseconds of one monotonic clock. */
export interface Answer {
  readonly user: string
  readonly start: number
  readonly end: number
  readonly hit: boolean
}

/** What the users of a slot went through: when the slot moved, or its node had a successor. */
export interface Change {
  readonly users: readonly string[]
  /** When the slot began to move, or its node died. */
  readonly from: number
  /** When the slot had arrived, or another node had taken its place. */
  readonly done: number
}

export interface Figures {
  /** Users with a change, and all others that were read. */
  readonly changedUsers: number
  readonly otherUsers: number
  /** Of reads of the others, from the first change until the last one is over for its users, 0 to 1; 1 without any. */
  readonly hitShareOfOthers: number
  /** For each change, from its end until its users are hits again for good; milliseconds, sorted; 0 = they were already. */
  readonly hitsAgainMs: readonly number[]
}

/** Pure. A user of a change that is never a hit after it counts as Infinity. */
export function figuresOf(answers: readonly Answer[], changes: readonly Change[]): Figures {
  const byUser = Map.groupBy(answers, ({ user }) => user)
  const changed = new Set(changes.flatMap(({ users }) => users))
  const hitsAgainMs = changes
    .map(({ users, done }) =>
      Math.max(0, ...users.map(user => hitsAgain(byUser.get(user) ?? [], done) - done)),
    )
    .sort((a, b) => a - b)
  const from = Math.min(...changes.map(change => change.from))
  const until = Math.max(...changes.map(({ done }) => done + (hitsAgainMs.at(-1) ?? 0)))
  const others = answers.filter(({ user, start, end }) => !changed.has(user) && start >= from && end <= until)
  return {
    changedUsers: changed.size,
    otherUsers: [...byUser.keys()].filter(user => !changed.has(user)).length,
    hitShareOfOthers: others.length === 0 ? 1 : others.filter(({ hit }) => hit).length / others.length,
    hitsAgainMs,
  }
}

/** When the first hit was answered behind which only hits follow; -Infinity when nothing but hits began after `since`. */
function hitsAgain(answers: readonly Answer[], since: number): number {
  const after = answers.filter(({ start }) => start >= since).sort((a, b) => a.start - b.start)
  const lastOther = after.findLastIndex(({ hit }) => !hit)
  if (after.length === 0) return Number.POSITIVE_INFINITY
  if (lastOther === -1) return Number.NEGATIVE_INFINITY
  return after[lastOther + 1]?.end ?? Number.POSITIVE_INFINITY
}
