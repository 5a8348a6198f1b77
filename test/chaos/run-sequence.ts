import { commandLine } from '../../src/commands/command-line.ts'
import { draws } from './draws.ts'
import { REDIS_FAULTS } from './faults/catalogue.ts'
import { deck } from './faults/fault.ts'
import { runProgram, say } from './program.ts'

/**
 * `npm run chaos:sequence -- --numbers 1000000`: eight clients draw order numbers for 50 users through three gateways
 * while Redis and gateways are killed, frozen, cut off, flushed, cut back and failed over. It goes on until all of these
 * faults have happened and so many numbers are drawn. Ends with 1 when a number was handed out twice, fell while the
 * view was ON, or a draw was not answered.
 */

const GATEWAYS = 3
const CLIENTS = 8
const USERS = Array.from({ length: 50 }, (_, index) => `u${index}`)

const { values } = commandLine({
  command: 'npm run chaos:sequence --',
  summary:
    'Eight clients draw order numbers through three gateways under all faults; ends with 1 when one came twice.',
  options: {
    numbers: {
      type: 'string',
      value: 'N',
      default: '1000000',
      minimum: 1,
      help: 'At least so many; the run ends when all faults have happened too.',
    },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Draws the faults; another each time if not given.',
    },
  },
})
const { seed = String(Date.now() % 1_000_000) } = values
const wanted = Number(values.numbers)
let drawn = 0
let faults = 0

await runProgram(`${wanted} numbers, seed ${seed}`, {
  seed: Number(seed),
  gateways: GATEWAYS,
  clients: CLIENTS,
  users: USERS,
  more: () => drawn < wanted || faults < REDIS_FAULTS.length,
  nextFault: deck(REDIS_FAULTS),
  work: (client, random, stopped) =>
    draws(
      client,
      random,
      {
        users: USERS,
        gateways: GATEWAYS,
        onNumbers: count => {
          drawn += count
        },
      },
      stopped,
    ),
  onFault: ({ fault }) => {
    faults++
    say(`${drawn} numbers after: ${fault}`)
  },
})
