import t from 'tap'
import { outcomeOf } from './test-file.ts'

t.test('what passed, and what was skipped and why', async t => {
  const tap = `TAP version 14
# Subtest: pages
    ok 1 - the page # SKIP no Chromium: get one
    ok 2 - another # time=1ms
    1..2
ok 1 - pages # time=1ms
1..1
`
  t.strictSame(outcomeOf(tap, { pass: 1, fail: 0 }), {
    passed: 1,
    failed: 0,
    notes: ['skipped: the page (no Chromium: get one)'],
  })
})

t.test('the whole of what a failed file said, but for what is well', async t => {
  const tap = `# Subtest: it
    ok 1 - fine
    not ok 2 - wrong
      ---
      at: there
      ...
    1..2
not ok 1 - it # time=1ms
`
  const { passed, failed, notes } = outcomeOf(tap, { pass: 1, fail: 1 })
  t.strictSame([passed, failed], [1, 1])
  t.match(notes[0], /not ok 2 - wrong\n.*---\n.*at: there/)
  t.notMatch(notes[0], 'fine')
})
