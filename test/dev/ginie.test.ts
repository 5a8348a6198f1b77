import { join } from 'node:path'
import t from 'tap'
import { parseCommand } from '../../src/commands/command-line.ts'
import { GINIE, ginieOptions } from '../../src/dev/ginie/options.ts'
import { percentile } from '../../src/dev/ginie/report.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'

const MAIN = join(import.meta.dirname, '../../src/dev/ginie/main.ts')

t.test('a decision engine of two users runs for a second, on backends of its own', async t => {
  const { code, output } = await runNode([MAIN, '--users', '2', '--seconds', '1', '--interval-ms', '100'], {
    cwd: temporaryDirectory(t),
    env: {},
  })
  t.equal(code, 0, output)
  t.match(output, /^2 users, a cycle every 100 ms each, 1 s: [1-9]\d* cycles\./)
  for (const name of ['settings, through the gateway', 'the same documents, five SELECTs', 'order number']) {
    t.match(
      output,
      new RegExp(`^\\| ${name} \\| \\d+\\.\\d\\d \\| \\d+\\.\\d\\d \\| \\d+\\.\\d\\d \\|$`, 'm'),
    )
  }
  t.match(output, /Settings changed [1-9]\d* times, read stale 0 times, .* Numbers drawn twice: 0\.$/m)
})

t.test('flags', async t => {
  const parse = (...args: string[]) => ginieOptions(parseCommand(GINIE, args).values)
  t.match(parse(), { users: 20, seconds: 30, intervalMs: 5_000, url: undefined })
  t.throws(() => parse('--users', 'many'), /--users must be a whole number/)
  t.throws(() => parse('--user', '3'), /Unknown option/)
})

t.test('percentiles', async t => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  t.strictSame(
    [0.5, 0.99, 1].map(share => percentile(values, share)),
    [50, 99, 100],
  )
  t.equal(percentile([3], 0.99), 3)
  t.ok(Number.isNaN(percentile([], 0.5)))
})
