import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from './backends.ts'
import { ROOT } from './readme.ts'
import { outcomeOf, runTestFile } from './test-file.ts'

t.test('what passed, and what was skipped and why', async t => {
  const tap = `TAP version 14
# Subtest: pages
    ok 1 - the page # SKIP no Chromium: get one
    ok 2 - another # time=1ms
    1..2
ok 1 - pages # time=1ms
1..1
# { total: 2, pass: 1, skip: 1 }
# time=1ms
`
  t.strictSame(outcomeOf(tap, 0), {
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
# { total: 2, pass: 1, fail: 1 }
`
  const { passed, failed, notes } = outcomeOf(tap, 1)
  t.strictSame([passed, failed], [1, 1])
  t.match(notes[0], /not ok 2 - wrong\n.*---\n.*at: there/)
  t.notMatch(notes[0], 'fine')
})

t.test('a file that ends badly without a failed assertion has failed', async t => {
  t.equal(outcomeOf('# { total: 2, pass: 2 }\n', 1).failed, 1)
  t.equal(outcomeOf('', null).failed, 1)
})

t.test('files are run as they are', async t => {
  const run = (text: string) => {
    const file = join(temporaryDirectory(t), 'x.test.ts')
    writeFileSync(file, `import t from '${join(ROOT, 'node_modules/tap/dist/esm/index.js')}'\n${text}`)
    return runTestFile(file, process.env)
  }
  t.match(await run(`t.equal(1 as number, 1)`), { passed: 1, failed: 0, notes: [] })
  t.match(await run(`t.equal(1, 2)`), { passed: 0, failed: 1, notes: [/not ok/] })
  t.match(await run(`throw new Error('it broke')`), { failed: 1, notes: [/it broke/] })
})
