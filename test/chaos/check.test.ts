import t from 'tap'
import { partitionOf, viewOfPartition } from '../../src/consistency/partitions.ts'
import { check } from './checker/check.ts'
import type { FaultWindow, History, Operation, SeenDocument, StoredVersion } from './history.ts'

const document = (kind: string, version: number, mark = ''): SeenDocument => ({
  kind,
  section: '',
  version,
  value: `${kind}@${version}`,
  marks: [mark],
})

/** An answered operation of client c0 through gateway 0; `at` = [start, end]. */
const operation = (
  type: Operation['type'],
  at: [number, number],
  more: Partial<Operation> = {},
): Operation => ({
  ...{ client: 'c0', gateway: 0, user: 'u1', type, start: at[0], end: at[1] },
  ...{ outcome: 'ok', status: 200, code: '', cache: '', documents: [], mark: '' },
  ...more,
})
const read = (at: [number, number], documents: SeenDocument[], cache = 'hit') =>
  operation('read', at, { documents, cache })
const write = (at: [number, number], version: number, mark: string) =>
  operation('write', at, { documents: [document('a', version, mark)], mark })
const draw = (at: [number, number], first: number, last: number) =>
  operation('draw', at, { numbers: { day: '20260106', first, last, source: 'redis' } })
const stored = (kind: string, version: number, at: number, mark = '', reason = 'put'): StoredVersion => ({
  ...{ user: 'u1', kind, version, marks: [mark], updatedBy: 'service:c0', reason, at },
})
const hurt = (component: FaultWindow['component'], start: number, end: number): FaultWindow => ({
  ...{ fault: 'test', component, gateway: 0, start, end },
})

/** Two documents, a write of one, a transaction over both; everything as it should be. */
const GOOD: History = {
  operations: [
    read([10, 12], [document('a', 1), document('b', 1)]),
    write([20, 24], 2, 'm1'),
    read([23, 26], [document('a', 1)]),
    read([30, 31], [document('a', 2, 'm1'), document('b', 1)]),
    operation('load-defaults', [40, 44], { changed: 3 }),
    read([50, 51], [document('a', 3), document('b', 2)]),
    draw([60, 61], 1, 3),
    draw([62, 63], 4, 4),
  ],
  windows: [],
  stored: [
    stored('a', 1, 1, '', 'provision'),
    stored('b', 1, 1, '', 'provision'),
    stored('a', 2, 22, 'm1'),
    stored('b', 2, 42, '', 'load-defaults'),
    stored('a', 3, 42, '', 'load-defaults'),
  ],
  onPeriods: [{ view: 0, start: 0, end: Number.POSITIVE_INFINITY }],
  cachedKeys: [{ key: 'user:u1:a', cached: 'x', expected: 'x' }],
}

const rulesOf = (history: History) => [...new Set(check(history).map(({ rule }) => rule))]
const plus = (...operations: Operation[]): History => ({
  ...GOOD,
  operations: [...GOOD.operations, ...operations],
})

t.test('a history without fault', async t => {
  t.strictSame(check(GOOD), [])
})

t.test('a write that is not acknowledged may be seen or not', async t => {
  const lost = operation('write', [70, 75], { mark: 'm2', outcome: 'unknown', status: 0, code: 'ECONNRESET' })
  const history = { ...plus(lost, read([76, 77], [document('a', 3)])), windows: [hurt('gateway', 70, 80)] }
  t.strictSame(check(history), [])
  const seen = { ...plus(lost, read([76, 77], [document('a', 4, 'm2')])), windows: [hurt('gateway', 70, 80)] }
  t.strictSame(check({ ...seen, stored: [...GOOD.stored, stored('a', 4, 72, 'm2')] }), [])
})

/** One thing wrong in each, and the rules that must see it. */
const BAD: Record<string, [History, string[]]> = {
  'an old version after the acknowledgement': [plus(read([25, 27], [document('a', 1)])), ['stale-read']],
  'an old version through load-defaults': [plus(read([45, 46], [document('b', 1)])), ['stale-read']],
  'older than what another read had answered': [
    plus(read([21, 21.5], [document('a', 2, 'm1')]), read([21.6, 22], [document('a', 1)])),
    ['backwards-read'],
  ],
  'an answer that shows half of a transaction': [
    plus(read([41, 43], [document('a', 3), document('b', 1)])),
    ['torn-bundle'],
  ],
  'an answer of two moments': [
    {
      ...plus(
        operation('write', [27, 28], { documents: [document('c', 2, 'm3')], mark: 'm3' }),
        read([22, 29], [document('a', 1), document('c', 2, 'm3')]),
      ),
      stored: [...GOOD.stored, stored('c', 1, 1, '', 'provision'), stored('c', 2, 27.5, 'm3')],
    },
    ['torn-read'],
  ],
  'one version with two contents': [
    plus(read([52, 53], [{ ...document('a', 3), value: 'other' }])),
    ['two-values'],
  ],
  'a version that nobody stored': [plus(read([54, 55], [document('a', 9)])), ['unwritten-version']],
  'a version before its write began': [
    plus(read([15, 16], [document('a', 2, 'm1')])),
    ['future-read', 'backwards-read'],
  ],
  'an acknowledged write that is not stored': [
    plus(write([70, 71], 4, 'm9')),
    ['unwritten-version', 'lost-write'],
  ],
  'an acknowledged write whose version holds something else': [
    { ...plus(write([70, 71], 4, 'm9')), stored: [...GOOD.stored, stored('a', 4, 70, 'm8')] },
    ['lost-write'],
  ],
  'load-defaults that left nothing': [
    plus(operation('load-defaults', [80, 84], { changed: 2 })),
    ['lost-write'],
  ],
  'one version acknowledged twice': [plus(write([20, 25], 2, 'm1')), ['duplicate-version']],
  'a version left out': [{ ...GOOD, stored: [...GOOD.stored, stored('a', 5, 90, 'm5')] }, ['version-gap']],
  'a write carried out twice': [
    { ...GOOD, stored: [...GOOD.stored, stored('a', 4, 90, 'm1')] },
    ['written-twice'],
  ],
  'a number twice': [plus(draw([70, 71], 3, 5)), ['duplicate-number', 'falling-number']],
  'numbers that fall while the view is ON': [
    plus(draw([70, 71], 20, 20), draw([72, 73], 10, 10)),
    ['falling-number'],
  ],
  'no answer': [
    plus(operation('read', [70, 80], { outcome: 'unknown', status: 0, code: 'ECONNRESET' })),
    ['no-answer'],
  ],
  'an internal error, even in an outage': [
    {
      ...plus(operation('read', [70, 80], { outcome: 'refused', status: 500, code: 'INTERNAL_ERROR' })),
      windows: [hurt('postgres', 0, 100)],
    },
    ['error-answer'],
  ],
  '503 while only Redis had trouble': [
    {
      ...plus(operation('read', [70, 80], { outcome: 'refused', status: 503, code: 'DATABASE_UNAVAILABLE' })),
      windows: [hurt('redis', 60, 90), hurt('postgres', 0, 69)],
    },
    ['error-answer'],
  ],
  'an unverified answer that is old while PostgreSQL was well': [
    plus(read([45, 46], [document('b', 1)], 'hit; detail=unverified')),
    ['stale-read'],
  ],
  'a cache that differs from the database': [
    { ...GOOD, cachedKeys: [{ key: 'user:u1:a', cached: null, expected: 'x' }] },
    ['cache-differs'],
  ],
}

for (const [name, [history, rules]] of Object.entries(BAD)) {
  t.test(name, async t => {
    t.strictSame(rulesOf(history).sort(), [...rules].sort())
  })
}

t.test('what is allowed', async t => {
  const outage = [hurt('postgres', 40, 100)]
  const old = read([45, 46], [document('b', 1)], 'hit; detail=unverified')
  t.strictSame(check({ ...plus(old), windows: outage }), [], 'an unverified answer while PostgreSQL is away')
  const noTime = [hurt('machine', 40, 100)]
  t.strictSame(check({ ...plus(old), windows: noTime }), [], 'or while the machine has no time for it')
  const refused = operation('read', [70, 80], {
    outcome: 'refused',
    status: 503,
    code: 'DATABASE_UNAVAILABLE',
  })
  t.strictSame(check({ ...plus(refused), windows: outage }), [], '503 while PostgreSQL is away')
  const fallen = plus(draw([70, 71], 20, 20), draw([75, 76], 10, 10))
  const onPeriods = [
    { view: 0, start: 0, end: 72 },
    { view: 0, start: 74, end: 100 },
  ]
  t.strictSame(check({ ...fallen, onPeriods }), [], 'numbers that fall when the view was OFF in between')
  const view = viewOfPartition(partitionOf('u1'))
  const ofPartition = (each: number) => onPeriods.map(period => ({ ...period, view: each }))
  const others = [{ view: view - 1, start: 0, end: 100 }]
  t.strictSame(
    check({ ...fallen, onPeriods: [...others, ...ofPartition(view)] }),
    [],
    'or when that of the partition was, whatever the others were',
  )
  t.strictSame(
    rulesOf({ ...fallen, onPeriods: [...ofPartition(view - 1), { view, start: 0, end: 100 }] }),
    ['falling-number'],
    'not when only another one was',
  )
})
