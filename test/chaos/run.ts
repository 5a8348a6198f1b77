import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine } from '../../src/commands/command-line.ts'
import type { Random } from '../simulation/random.ts'
import { DECKS_OF_CLUSTER, PLAIN_FAULTS } from './faults/catalogue.ts'
import { deck, type Fault } from './faults/fault.ts'
import { STEP_FAULTS } from './faults/steps.ts'
import { beginJobs } from './jobs.ts'
import { runProgram, say } from './program.ts'
import { work } from './workload.ts'

/**
 * `npm run chaos -- --seconds 600 --seed 1`: three gateways, eight clients, all faults of `faults/` in turn.
 * `--cluster` with a Redis Cluster
 * in place of one Redis, and its faults; `--only TEXT` leaves the faults whose names contain it; `--keep DIR` keeps logs and the recorded operations there.
 * Ends with 1 when anything that was promised did not hold.
 */

const GATEWAYS = 3
const CLIENTS = 8
const USERS = Array.from({ length: 12 }, (_, index) => `u${index}`)
/** Longest pause between two operations of one client, milliseconds. */
const PAUSE_MS = 25
const LINES_AT_ONCE = 10_000

/** One fault at any moment, then one at a step of the protocol, and so on; with a cluster also one of its own. */
function inTurn(only: string, cluster: boolean): (random: Random) => Fault {
  const decks = (cluster ? DECKS_OF_CLUSTER : [PLAIN_FAULTS, STEP_FAULTS])
    .map(faults => faults.filter(({ name }) => name.includes(only)))
    .filter(faults => faults.length > 0)
    .map(deck)
  let turn = 0
  return random => decks[turn++ % decks.length]!(random)
}

const { values } = commandLine({
  command: 'npm run chaos --',
  summary:
    'Three gateways, eight clients, all faults in turn; ends with 1 when anything that was promised did not hold.',
  options: {
    seconds: { type: 'string', value: 'N', default: '60', minimum: 1, help: 'How long.' },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Draws the faults; another each time if not given.',
    },
    cluster: {
      type: 'boolean',
      default: false,
      help: 'With a Redis Cluster of three primaries and three replicas.',
    },
    only: { type: 'string', value: 'TEXT', default: '', help: 'Only faults whose names contain this.' },
    keep: { type: 'string', value: 'DIR', help: 'Keep logs and the recorded operations there.' },
  },
})
const { seed = String(Date.now() % 1_000_000) } = values
const milliseconds = Number(values.seconds) * 1_000
const directory = values.keep
if (directory !== undefined) mkdirSync(directory, { recursive: true })

await runProgram(
  `chaos for ${values.seconds} s${values.cluster ? ' with a cluster' : ''}, seed ${seed}`,
  {
    seed: Number(seed),
    gateways: GATEWAYS,
    clients: CLIENTS,
    users: USERS,
    more: workedMs => workedMs < milliseconds,
    nextFault: inTurn(values.only, values.cluster),
    stack: { cluster: values.cluster },
    work: (client, random, stopped) =>
      work(client, random, { users: USERS, gateways: GATEWAYS, pauseMs: PAUSE_MS }, stopped),
    beside: stack => beginJobs(stack, { users: USERS, seed: Number(seed) }),
    onFault: ({ fault, withoutCacheMs }) =>
      say(`${fault}: ${withoutCacheMs.map(ms => ms.toFixed(0)).join(', ')} ms`),
    ...(directory === undefined ? {} : { logDirectory: directory }),
  },
  ({ history }) => {
    if (directory === undefined) return
    writeLines(join(directory, 'operations.jsonl'), history.operations)
    writeLines(join(directory, 'windows.jsonl'), history.windows)
  },
)

/** One line of JSON for each; in pieces, for all of them at once may be too long for a string. */
function writeLines(file: string, items: readonly unknown[]): void {
  for (let from = 0; from < items.length; from += LINES_AT_ONCE) {
    const lines = items.slice(from, from + LINES_AT_ONCE).map(item => `${JSON.stringify(item)}\n`)
    appendFileSync(file, lines.join(''))
  }
}
