import t from 'tap'
import { checkJobs, type JobEvidence } from './checker/jobs.ts'

const line = (version: number, reason: string, mark: string) => ({
  ...{ user: 'u', kind: 'a', version, reason, mark },
})
const schedule = (mark: string, version: number, startsAt: number, goesBack = false) => ({
  ...{
    mark,
    user: 'u',
    kind: 'a',
    state: 'done',
    version,
    goesBack,
    faults: null,
    startsAt: startsAt + 1,
    createdAt: 0,
  },
})

/** One that stays, one that goes back, one whose field was changed meanwhile, and a bulk change. */
const GOOD: JobEvidence = {
  users: ['u'],
  asked: ['s1', 's2', 's3', 'b1'],
  schedules: [schedule('s1', 2, 1), schedule('s2', 3, 2, true), schedule('s3', 5, 3, true)],
  bulks: [{ id: 'b', mark: 'b1', kind: 'a', state: 'done' }],
  bulkUsers: [{ bulk: 'b', user: 'u', state: 'done', version: 6, faults: null }],
  lines: [
    line(1, 'provision', ''),
    line(2, 'schedule', 's1'),
    line(3, 'schedule', 's2'),
    line(4, 'schedule', 's1'),
    line(5, 'schedule', 's3'),
    line(6, 'bulk', 'b1'),
  ],
}
const rulesOf = (evidence: Partial<JobEvidence>) => [
  ...new Set(checkJobs({ ...GOOD, ...evidence }).map(({ rule }) => rule)),
]

t.test('what the checker of the jobs finds', async t => {
  t.strictSame(checkJobs(GOOD), [])
  t.strictSame(rulesOf({ asked: ['s4'] }), ['job-lost'])
  const [first, second, third] = GOOD.schedules as [
    (typeof GOOD.schedules)[0],
    (typeof GOOD.schedules)[0],
    (typeof GOOD.schedules)[0],
  ]
  t.match(rulesOf({ schedules: [{ ...first, state: 'refused' }, second, third] }), ['step-lost'])
  const without = (version: number) => GOOD.lines.filter(each => each.version !== version)
  t.strictSame(
    rulesOf({ lines: without(2) }),
    ['step-lost', 'step-twice'],
    'the end has nothing to go back to',
  )
  t.strictSame(rulesOf({ lines: [...GOOD.lines, line(7, 'schedule', 's1')] }), ['step-twice'])
  const goesBack = {
    ...GOOD,
    lines: GOOD.lines.slice(0, 3),
    schedules: [first, second],
    asked: [],
    bulks: [],
  }
  t.strictSame(rulesOf({ ...goesBack, bulkUsers: [] }), ['step-lost'], 'it did not go back')
  t.strictSame(rulesOf({ schedules: [{ ...first, startsAt: 9 }, second, third] }), ['step-order'])
  t.strictSame(rulesOf({ users: ['u', 'v'] }), ['bulk-lost'])
  t.strictSame(rulesOf({ lines: [...GOOD.lines, line(7, 'bulk', 'b1')] }), ['bulk-twice'])
})
