import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine } from '../../../src/commands/command-line.ts'
import { withScope } from '../../load/scope.ts'
import { deck } from '../faults/fault.ts'
import { say } from '../program.ts'
import { report } from '../report.ts'
import { run } from '../runner.ts'
import { work } from '../workload.ts'
import { SCENARIOS } from './scenarios.ts'

/**
 * `npm run recorder -- --operations 10000 --seed 1`: the faults that the gateway met outside the laboratory, one run of
 * three gateways and eight clients for each. `--only C2,C5` leaves those scenarios, `--keep DIR` keeps the logs there.
 * Ends with 1 when anything that was promised did not hold.
 */

const GATEWAYS = 3
const CLIENTS = 8
const USERS = Array.from({ length: 12 }, (_, index) => `u${index}`)
/** Longest pause between two operations of one client, milliseconds. */
const PAUSE_MS = 10

const { values } = commandLine({
  command: 'npm run recorder --',
  summary: 'The faults that the gateway met outside the laboratory; ends with 1 when a promise did not hold.',
  options: {
    operations: {
      type: 'string',
      value: 'N',
      default: '10000',
      minimum: 1,
      help: 'At least so many in each scenario, which ends when all its faults have happened too.',
    },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Draws the faults; another each time if not given.',
    },
    only: { type: 'string', value: 'NAMES', default: '', help: 'Only these scenarios, such as C2,C5.' },
    keep: { type: 'string', value: 'DIR', help: 'Keep the logs there.' },
  },
})
const { seed = String(Date.now() % 1_000_000) } = values
const operations = Number(values.operations)
const names = values.only === '' ? [] : values.only.split(',')
let violations = 0
/** One line for each scenario, for the end. */
const outcomes: string[] = []
for (const scenario of SCENARIOS) {
  const { name, says, faults, ...how } = scenario
  if (names.length > 0 && !names.includes(name)) continue
  say(`\n${name}: ${says} (seed ${seed})`)
  let done = 0
  await withScope(async scope => {
    const result = await run(scope, {
      ...how,
      seed: Number(seed),
      gateways: GATEWAYS,
      clients: CLIENTS,
      users: USERS,
      // Each fault once at least, however fast the operations are.
      more: (_milliseconds, recorded) => recorded < operations || done < faults.length,
      nextFault: deck(faults),
      onFault: () => done++,
      work: (client, random, stopped) =>
        work(client, random, { users: USERS, gateways: GATEWAYS, pauseMs: PAUSE_MS }, stopped),
      ...(values.keep === undefined ? {} : { logDirectory: directoryOf(values.keep, name) }),
    })
    violations += result.violations.length
    const { operations: recorded } = result.history
    outcomes.push(
      `${name.padEnd(4)} ${recorded.length} operations, ${result.violations.length} violations: ${says}`,
    )
    say(report(result))
  }).catch(error => {
    violations++
    outcomes.push(`${name.padEnd(4)} did not end: ${says}`)
    say(String(error?.stack ?? error))
  })
}
say(`\n${outcomes.join('\n')}`)

function directoryOf(keep: string, name: string): string {
  const directory = join(keep, name)
  mkdirSync(directory, { recursive: true })
  return directory
}

process.exit(violations === 0 ? 0 : 1)
