import type { Violation } from '../history.ts'

/** What the tables say when all planned and bulk changes have ended. Each leaves a mark of its own. */
export interface JobEvidence {
  readonly users: readonly string[]
  /** Marks of those that were acknowledged. */
  readonly asked: readonly string[]
  readonly schedules: readonly {
    readonly mark: string
    readonly user: string
    readonly kind: string
    readonly state: string
    /** The version that the start made. */
    readonly version: number | null
    readonly goesBack: boolean
    readonly faults: string | null
    /** Seconds. */
    readonly startsAt: number
    readonly createdAt: number
  }[]
  readonly bulks: readonly { id: string; mark: string; kind: string; state: string }[]
  readonly bulkUsers: readonly {
    readonly bulk: string
    readonly user: string
    readonly state: string
    readonly version: number | null
    readonly faults: string | null
  }[]
  /** The history of the documents, by version. */
  readonly lines: readonly Line[]
}

interface Line {
  readonly user: string
  readonly kind: string
  readonly version: number
  readonly reason: string
  readonly mark: string
}

/** One that was stored when it was due, or hardly before, could not be done in its turn. */
const STORED_S = 1

/** Each due step once, in order, none lost. Pure. */
export function checkJobs(evidence: JobEvidence): Violation[] {
  return [
    ...checkAsked(evidence),
    ...checkSchedules(evidence),
    ...checkOrder(evidence),
    ...checkBulks(evidence),
  ]
}

/** job-lost: it was acknowledged, and the database does not have it. */
function checkAsked({ asked, schedules, bulks }: JobEvidence): Violation[] {
  const known = new Set([...schedules, ...bulks].map(({ mark }) => mark))
  return asked.filter(mark => !known.has(mark)).map(mark => violation('job-lost', `${mark} was acknowledged`))
}

/** step-lost: a start or an end that did not happen. step-twice: one that happened twice, or that no schedule had. */
function checkSchedules({ schedules, lines }: JobEvidence): Violation[] {
  const violations: Violation[] = []
  const made = new Set<Line>()
  for (const { mark, user, kind, state, version, goesBack, faults } of schedules) {
    const own = lines.filter(line => line.user === user && line.kind === kind)
    const start = own.findIndex(line => line.version === version)
    if (state !== 'done' || own[start]?.mark !== mark || own[start].reason !== 'schedule') {
      violations.push(violation('step-lost', `${mark} of ${user} ${kind} is ${state} ${faults ?? ''}`))
      continue
    }
    made.add(own[start])
    if (!goesBack) continue
    const before = own[start - 1]?.mark
    const end = own.findIndex(
      (line, i) =>
        i > start && line.reason === 'schedule' && line.mark === before && own[i - 1]!.mark === mark,
    )
    if (end >= 0) made.add(own[end]!)
    // The end leaves alone what was changed meanwhile.
    else if (own.slice(start).every(line => line.mark === mark))
      violations.push(violation('step-lost', `${mark} of ${user} ${kind} did not go back`))
  }
  const others = lines.filter(line => line.reason.startsWith('schedule') && !made.has(line))
  return [
    ...violations,
    ...others.map(({ user, kind, version, mark }) =>
      violation('step-twice', `${user} ${kind}@${version} with ${mark}`),
    ),
  ]
}

/** step-order: of two starts of a document, the one that is due later came first. */
function checkOrder({ schedules }: JobEvidence): Violation[] {
  const last = new Map<string, { readonly mark: string; readonly version: number }>()
  const violations: Violation[] = []
  const inTime = schedules.filter(({ createdAt, startsAt }) => createdAt < startsAt - STORED_S)
  for (const { mark, user, kind, version } of inTime.sort((a, b) => a.startsAt - b.startsAt)) {
    if (version === null) continue
    const before = last.get(`${user} ${kind}`)
    if (before !== undefined && before.version > version) {
      violations.push(violation('step-order', `${mark} before ${before.mark} of ${user} ${kind}`))
    }
    last.set(`${user} ${kind}`, { mark, version })
  }
  return violations
}

/** bulk-lost: a user who was not changed. bulk-twice: one who was changed twice, or whom no bulk change had. */
function checkBulks({ users, bulks, bulkUsers, lines }: JobEvidence): Violation[] {
  const violations: Violation[] = []
  let done = 0
  for (const { id, mark, kind, state } of bulks) {
    const own = new Map(bulkUsers.filter(({ bulk }) => bulk === id).map(each => [each.user, each]))
    if (state !== 'done') violations.push(violation('bulk-lost', `${mark} is ${state}`))
    for (const user of users) {
      const {
        state: left,
        version,
        faults,
      } = own.get(user) ?? { state: 'not listed', version: 0, faults: '' }
      const line = lines.find(each => each.user === user && each.kind === kind && each.version === version)
      if (left !== 'done' || line?.mark !== mark || line.reason !== 'bulk') {
        violations.push(violation('bulk-lost', `${mark} of ${user} is ${left} ${faults ?? ''}`))
      }
    }
    done += [...own.values()].filter(each => each.state === 'done').length
  }
  const found = lines.filter(({ reason }) => reason === 'bulk').length
  if (found !== done)
    violations.push(violation('bulk-twice', `${found} lines of the history for ${done} users`))
  return violations
}

function violation(rule: string, message: string): Violation {
  return { rule, message }
}
