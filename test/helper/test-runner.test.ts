import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from './backends.ts'
import { TestRunner } from './test-runner.ts'

function writeTest(t: Parameters<typeof temporaryDirectory>[0], text: string): string {
  const file = join(temporaryDirectory(t), 'x.test.ts')
  writeFileSync(file, `import t from 'tap'\n${text}`)
  return file
}

t.test('files run one after the other in one process, each with a test of its own', async t => {
  const runner = new TestRunner(process.env)
  const first = await runner.run(writeTest(t, `t.notOk(globalThis.used)\nglobalThis.used = true`))
  t.strictSame(first, { passed: 1, failed: 0, notes: [] })
  const second = await runner.run(writeTest(t, `t.ok(globalThis.used)\nt.skip('not here')`))
  t.strictSame(second, { passed: 1, failed: 0, notes: ['skipped: not here ()'] })
  await runner.end()
})

t.test('a file waits for its subtests and for what is torn down behind them', async t => {
  const runner = new TestRunner(process.env)
  const text = `
const late = () => new Promise(resolve => setTimeout(resolve, 20))
globalThis.ended = 0
const end = async () => { await late(); globalThis.ended++ }
t.teardown(end)
t.test('not awaited', async t => { t.teardown(end); await late() })`
  t.match(await runner.run(writeTest(t, text)), { failed: 0 })
  t.match(await runner.run(writeTest(t, 't.equal(globalThis.ended, 2)')), { passed: 1, failed: 0 })
  await runner.end()
})

t.test('what a file leaves running is a failure', async t => {
  const runner = new TestRunner(process.env)
  t.match(await runner.run(writeTest(t, `setInterval(() => {}, 1_000)\nt.pass()`)), { failed: 0 })
  t.match(await runner.end(2_500), { failed: 1, notes: [/SIGKILL/, /kept alive by .*Timeout/] })
})

t.test('every way to fail; the next file has a new process', async t => {
  const runner = new TestRunner(process.env)
  const ways = {
    't.equal(1, 2)': /not ok/,
    "throw new Error('it broke')": /it broke/,
    "import './there-is-none.ts'": /there-is-none/,
    "t.test('x', () => Promise.reject(new Error('rejected')))": /rejected/,
    "setTimeout(() => { throw new Error('late') })\nawait new Promise(() => {})": /late/,
    "console.error('last words')\nprocess.exit(3)": /last words/,
    "process.kill(process.pid, 'SIGKILL')": /SIGKILL/,
  }
  for (const [text, reason] of Object.entries(ways)) {
    const { failed, notes } = await runner.run(writeTest(t, text))
    t.ok(failed > 0, text)
    t.match(notes.join('\n'), reason)
  }
  await runner.run(writeTest(t, 'globalThis.used = true\nt.fail()'))
  t.match(await runner.run(writeTest(t, 't.notOk(globalThis.used)')), { passed: 1, failed: 0 })
  await runner.end()
})
