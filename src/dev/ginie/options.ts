import type { Command, CommandOptions, Values } from '../../commands/command-line.ts'
import { DEVELOPMENT_SERVICE_TOKEN } from '../../config.ts'

export interface GinieOptions {
  readonly users: number
  readonly seconds: number
  /** Time from one cycle of a user to the next. */
  readonly intervalMs: number
  /** Address of a gateway that runs; undefined = the command starts one over private backends. */
  readonly url: string | undefined
  readonly token: string
  /** The database of that gateway, for the five SELECTs; undefined = without them. */
  readonly databaseUrl: string | undefined
}

export const GINIE = {
  command: 'npm run ginie --',
  summary:
    "A decision engine's loop through the client, beside five SELECTs; ends with 1 when a promise was broken.",
  options: {
    users: { type: 'string', value: 'N', default: '20', minimum: 1, help: 'Users.' },
    seconds: { type: 'string', value: 'N', default: '30', minimum: 1, help: 'How long.' },
    'interval-ms': {
      type: 'string',
      value: 'MS',
      default: '5000',
      minimum: 1,
      help: 'From cycle to cycle of a user.',
    },
    url: { type: 'string', value: 'URL', help: 'A gateway that runs; one of its own if not given.' },
    token: {
      type: 'string',
      value: 'TOKEN',
      default: DEVELOPMENT_SERVICE_TOKEN,
      help: 'Service token of that gateway.',
    },
    'database-url': {
      type: 'string',
      value: 'URL',
      help: 'The database of that gateway; enables the five SELECTs.',
    },
  },
} as const satisfies Command<CommandOptions>

/** The options in their types. */
export function ginieOptions(values: Values<(typeof GINIE)['options']>): GinieOptions {
  return {
    users: Number(values.users),
    seconds: Number(values.seconds),
    intervalMs: Number(values['interval-ms']),
    url: values.url,
    token: values.token,
    databaseUrl: values['database-url'],
  }
}
