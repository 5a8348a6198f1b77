import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const UNHANDLED = join(import.meta.dirname, '../../src/unhandled.ts')

/** A process that throws errors of these codes from timers, and says at its end that it is alive. */
async function run(codes: readonly string[]): Promise<{ code: number; output: string }> {
  const program = `
    const { handleUnhandled } = await import(${JSON.stringify(UNHANDLED)})
    const log = { error: (_o, text) => console.log('error', text), fatal: (_o, text) => console.log('fatal', text) }
    handleUnhandled(log, () => { console.log('ends'); process.exit(3) })
    for (const code of ${JSON.stringify(codes)}) {
      setImmediate(() => { throw Object.assign(new Error(code), { code }) })
      setImmediate(() => { Promise.reject(Object.assign(new Error(code), { code })) })
    }
    setTimeout(() => console.log('alive'), 50)
  `
  const { NODE_OPTIONS: _ours, ...env } = process.env
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      env,
    })
    return { code: 0, output: stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, output: stdout }
  }
}

t.test('what has run out is survived, with one line', async t => {
  const { code, output } = await run(['EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM'])
  t.equal(code, 0)
  t.equal(output.match(/error/g)?.length, 1)
  t.match(output, /alive/)
})

t.test('any other error ends the process in order', async t => {
  const { code, output } = await run(['ERR_INVALID_STATE'])
  t.equal(code, 3)
  t.match(output, /fatal.*\nends/)
})
