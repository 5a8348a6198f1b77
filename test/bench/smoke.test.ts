import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

// The machine may be busy: three servers and two databases are started.
t.setTimeout(120_000)

const FLAGS = [
  '--offline',
  ...['--only', 'reads,open-loop,writes,sequence,beside'],
  ...['--checkout', join(import.meta.dirname, '../..')],
  ...['--match', '^(bare Fastify|gateway), decision-settings$'],
  ...['--rounds', '1', '--seconds', '0.1', '--connections', '4', '--writers', '2', '--rate', '50'],
]

function bench(...flags: readonly string[]) {
  return promisify(execFile)(process.execPath, [join(import.meta.dirname, 'run.ts'), ...flags])
}

// A fraction of a second each: the script must not rot. What it measures here means nothing. The parts that need
// more processes or users are loaded with the others, and not run.
t.test('the parts of the bench that one gateway can run', async t => {
  const { stdout } = await bench(...FLAGS)
  for (const part of ['Reads', '50 requests/s', 'Writes', 'Sequence numbers', 'Beside'])
    t.match(stdout, `## ${part}`)
  t.notMatch(stdout, 'FAILED')
  t.match(stdout, /\| gateway, decision-settings \| [\d,]+ \| \d+\.\d\d \|/)
  t.match(stdout, /\| 304 of decision-settings \| [\d,]+ \| \d+\.\d\d \|/)
  t.match(stdout, /How the gateway answered: .*hit \d+/)
})

t.test('a part that does not exist is refused before anything starts', async t => {
  const refused = bench('--only', 'reads,nonsense')
  t.match(await refused.catch(String), /--only takes .*processes, users, beside, not nonsense/)
})
