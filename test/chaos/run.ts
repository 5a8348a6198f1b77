import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Random } from '../simulation/random.ts'
import { PLAIN_FAULTS } from './faults/catalogue.ts'
import { deck, type Fault } from './faults/fault.ts'
import { STEP_FAULTS } from './faults/steps.ts'
import { report } from './report.ts'
import { run } from './runner.ts'
import { ProgramScope } from './scope.ts'
import { work } from './workload.ts'

/**
 * `npm run chaos -- --seconds 600 --seed 1`: three gateways, eight clients, all faults of consistency.md in turn.
 * `--only TEXT` leaves the faults whose names contain it; `--keep DIR` keeps logs and the recorded operations there.
 * Ends with 1 when anything that was promised did not hold.
 */

const GATEWAYS = 3
const CLIENTS = 8
const USERS = Array.from({ length: 12 }, (_, index) => `u${index}`)
/** Longest pause between two operations of one client, milliseconds. */
const PAUSE_MS = 25

/** One fault at any moment, then one at a step of the protocol, and so on. */
function inTurn(only: string): (random: Random) => Fault {
  const decks = [PLAIN_FAULTS, STEP_FAULTS]
    .map(faults => faults.filter(({ name }) => name.includes(only)))
    .filter(faults => faults.length > 0)
    .map(deck)
  let turn = 0
  return random => decks[turn++ % decks.length]!(random)
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string', default: '' },
      keep: { type: 'string' },
    },
  })
  const seed = Number(values.seed)
  const milliseconds = Number(values.seconds) * 1_000
  if (values.keep !== undefined) mkdirSync(values.keep, { recursive: true })
  say(`chaos for ${values.seconds} s, seed ${seed}`)
  const scope = new ProgramScope()
  try {
    const result = await run(scope, {
      seed,
      gateways: GATEWAYS,
      clients: CLIENTS,
      users: USERS,
      more: workedMs => workedMs < milliseconds,
      nextFault: inTurn(values.only),
      work: (client, random, stopped) =>
        work(client, random, { users: USERS, gateways: GATEWAYS, pauseMs: PAUSE_MS }, stopped),
      onFault: ({ fault, withoutCacheMs }) =>
        say(`${fault}: ${withoutCacheMs.map(ms => ms.toFixed(0)).join(', ')} ms`),
      ...(values.keep === undefined ? {} : { logDirectory: values.keep }),
    })
    if (values.keep !== undefined) {
      const lines = result.history.operations.map(operation => `${JSON.stringify(operation)}\n`)
      for (let from = 0; from < lines.length; from += 10_000) {
        appendFileSync(join(values.keep, 'operations.jsonl'), lines.slice(from, from + 10_000).join(''))
      }
      appendFileSync(
        join(values.keep, 'windows.jsonl'),
        result.history.windows.map(each => `${JSON.stringify(each)}\n`).join(''),
      )
    }
    say(report(result))
    return result.violations.length === 0
  } finally {
    await scope.end()
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

process.exit((await main()) ? 0 : 1)
