import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

// Five processes are started and loaded one after the other: on a busy machine that takes its time.
t.setTimeout(180_000)

// A fraction of a second of everything: the script must not rot. What it measures here means nothing.
t.test('every part of the bench runs', { timeout: 170_000 }, async t => {
  const flags = [
    ...[
      '--offline',
      '--rounds',
      '1',
      '--seconds',
      '0.2',
      '--connections',
      '4',
      '--writers',
      '2',
      '--rate',
      '50',
    ],
    ...[
      '--match',
      '^(bare Fastify|gateway), decision-settings$|SELECT',
      '--processes',
      '1,2',
      '--users',
      '100,200',
    ],
  ]
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'run.ts'),
    ...flags,
  ])
  for (const part of ['Reads', '50 requests/s', 'Writes', 'Sequence numbers', 'Gateway processes', 'Users']) {
    t.match(stdout, `## ${part}`)
  }
  t.notMatch(stdout, 'FAILED')
  t.match(stdout, /\| gateway, decision-settings \| [\d,]+ \| \d+\.\d\d \|/)
  t.match(stdout, /\| 200 \| \d/)
  t.match(stdout, /How the gateway answered: .*hit \d+/)
})
