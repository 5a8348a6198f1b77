import t from 'tap'
import { TapReport } from './tap-report.ts'

/** What is said of this TAP, which comes in pieces as it likes. */
function reportOf(tap: string): readonly string[] {
  const lines: string[] = []
  const report = new TapReport(line => lines.push(line))
  for (const piece of tap.match(/.{1,7}/gs) ?? []) report.add(piece)
  return lines
}

t.test('a line for each file', async t => {
  const tap = `TAP version 14
# Subtest: a.test.ts
    ok 1 - fine
    1..1
ok 1 - a.test.ts # time=1ms
`
  t.strictSame(reportOf(tap), ['passed: a.test.ts # time=1ms'])
})

t.test('what was skipped, and why', async t => {
  const tap = `# Subtest: pages.test.ts
    ok 1 - the page # SKIP no Chromium: get one
    ok 2 - another # time=1ms
    1..2
ok 1 - pages.test.ts # time=1ms
`
  t.strictSame(reportOf(tap), [
    'skipped: the page (no Chromium: get one)',
    'passed: pages.test.ts # time=1ms',
  ])
})

t.test('the whole of what a failed file said, but for what is well', async t => {
  const tap = `# Subtest: bad.test.ts
    ok 1 - fine
    not ok 2 - wrong
      ---
      at: there
      ...
    1..2
not ok 1 - bad.test.ts # time=1ms
  ---
  exitCode: 1
  ...

# Subtest: good.test.ts
    ok 1 - fine
    1..1
ok 2 - good.test.ts # time=1ms
`
  const lines = reportOf(tap)
  t.match(lines[0], /not ok 2 - wrong\n.*---\n.*at: there/)
  t.notMatch(lines[0], 'fine')
  t.strictSame(lines.slice(1), [
    'FAILED: bad.test.ts # time=1ms',
    '  ---',
    '  exitCode: 1',
    '  ...',
    '',
    'passed: good.test.ts # time=1ms',
  ])
})
