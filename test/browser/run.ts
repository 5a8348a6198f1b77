import { globSync } from 'node:fs'
import { commandLine } from '../../src/commands/command-line.ts'
import { startSharedPostgres } from '../helper/backends.ts'
import { NO_BROWSER } from '../helper/browser.ts'
import { TestRunner } from '../helper/test-runner.ts'

/** `npm run test:browser`: the pages in a real browser. Not a part of `npm test`, which must need no browser. */

const { positionals } = commandLine({
  command: 'npm run test:browser --',
  summary:
    'Tests the operator page and Swagger UI in Chromium, one file after the other; with files only those.',
  positionals: '[TEST_FILE ...]',
  options: {},
})

const say = (text: string) => process.stdout.write(`${text}\n`)

if (NO_BROWSER !== false) {
  say(NO_BROWSER)
  process.exit(1)
}
const files = positionals.length > 0 ? positionals : globSync('test/browser/*.browser.ts').sort()
const postgres = await startSharedPostgres()
const runner = new TestRunner({ ...process.env, TEST_POSTGRES_URL: postgres.url })
let failures = 0
try {
  for (const file of files) {
    const { passed, failed, notes } = await runner.run(file)
    for (const note of notes) say(note)
    say(`${failed === 0 ? 'passed' : 'FAILED'}: ${file} (${passed} passed, ${failed} failed)`)
    failures += failed
  }
  const { failed, notes } = await runner.end()
  for (const note of notes) say(note)
  failures += failed
} finally {
  await postgres.stop()
}
process.exitCode = failures > 0 ? 1 : 0
