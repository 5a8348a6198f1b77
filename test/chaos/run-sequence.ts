import { parseArgs } from 'node:util'
import type { Random } from '../simulation/random.ts'
import type { ChaosClient } from './client.ts'
import { REDIS_FAULTS } from './faults/catalogue.ts'
import { deck } from './faults/fault.ts'
import { report } from './report.ts'
import { run } from './runner.ts'
import { ProgramScope } from './scope.ts'

/**
 * `npm run chaos:sequence -- --numbers 1000000`: eight clients draw order numbers for 50 users through three gateways
 * while Redis and gateways are killed, frozen, cut off, flushed, cut back and failed over. Ends with 1 when a number
 * was handed out twice, fell while the view was ON, or a draw was not answered.
 */

const GATEWAYS = 3
const CLIENTS = 8
const USERS = Array.from({ length: 50 }, (_, index) => `u${index}`)
/** A number for one order, some for a batch, and as many as one request may ask for. */
const COUNTS = [1, 1, 1, 2, 5, 10, 50, 100]
const PAUSE_AFTER_FAILURE_MS = 20

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      numbers: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  })
  const wanted = Number(values.numbers)
  let drawn = 0
  const drawAll = async (client: ChaosClient, random: Random, stopped: () => boolean) => {
    while (!stopped()) {
      const { numbers } = await client.draw(random.int(GATEWAYS), random.pick(USERS), random.pick(COUNTS))
      if (numbers !== undefined) drawn += numbers.last - numbers.first + 1
      else await new Promise(resolve => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS))
    }
  }
  say(`${wanted} numbers, seed ${values.seed}`)
  const scope = new ProgramScope()
  try {
    const result = await run(scope, {
      seed: Number(values.seed),
      gateways: GATEWAYS,
      clients: CLIENTS,
      users: USERS,
      more: () => drawn < wanted,
      nextFault: deck(REDIS_FAULTS),
      work: drawAll,
      onFault: ({ fault }) => say(`${drawn} numbers after: ${fault}`),
    })
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
