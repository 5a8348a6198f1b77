import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'

const FLAGS = [
  '--offline',
  ...['--only', 'reads,open-loop,writes,sequence,degraded,start,beside'],
  ...['--checkout', join(import.meta.dirname, '../..')],
  ...['--match', '^((bare Fastify|gateway), |before: )?decision-settings$'],
  ...['--writers', '2', '--active', '3'],
]
const SHORT = [...['--rounds', '1', '--seconds', '0.1', '--connections', '4', '--rate', '50']]

function bench(t: Test, ...flags: readonly string[]) {
  return runNode([join(import.meta.dirname, 'run.ts'), ...flags], { cwd: temporaryDirectory(t), env: {} })
}

// A fraction of a second each: the script must not rot. What it measures here means nothing, and is no number where a
// busy machine answered nothing in time. The parts that need
// more processes or users are loaded with the others, and not run.
t.test('the parts of the bench that one gateway can run', async t => {
  const { code, output } = await bench(t, ...FLAGS, ...SHORT)
  t.equal(code, 0, output)
  for (const part of ['Reads', '50 requests/s', 'Writes', 'Sequence numbers', 'Beside'])
    t.match(output, `## ${part}`)
  t.notMatch(output, 'FAILED')
  t.match(output, /\| gateway, decision-settings \| [\d,]+ \| (\d+\.\d\d|NaN) \|/)
  t.match(output, /\| decision-settings \| [\d,]+ \| (\d+\.\d\d|NaN) \|/)
  t.match(output, /How the gateway answered: .*hit \d+/)
  t.match(output, /\| without Redis \| [\d,]+ \| (\d+\.\d\d|NaN) \|/)
  t.match(output, /\| first 0\.5 s after SIGKILL of Redis \| \d+\.\d\d \|/)
  for (const name of ['gateway', 'before'])
    t.match(output, new RegExp(`\\| ${name} \\| [\\d,]+ \\| [\\d,]+ \\| \\d+ \\| \\d+ \\| [\\d,]+ \\|`))
})

t.test('a part that does not exist is refused before anything starts', async t => {
  const { code, output } = await bench(t, '--only', 'reads,nonsense')
  t.equal(code, 2)
  t.match(output, /^--only takes .*processes, users, degraded, start, beside, cluster, not nonsense/)
})
