import { parseArgs } from 'node:util'
import { DEVELOPMENT_SERVICE_TOKEN } from '../../config.ts'

export interface GinieOptions {
  readonly users: number
  readonly seconds: number
  /** Time from one cycle of a user to the next. */
  readonly intervalMs: number
  /** Of a gateway that runs; undefined = one of its own, over private backends. */
  readonly url: string | undefined
  readonly token: string
  /** Of that gateway, for the five SELECTs; undefined = without them. */
  readonly databaseUrl: string | undefined
}

/** Reads the command line. Throws with a sentence for a flag that is none or holds no number. */
export function ginieOptions(args: readonly string[]): GinieOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      users: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '30' },
      'interval-ms': { type: 'string', default: '5000' },
      url: { type: 'string' },
      token: { type: 'string', default: DEVELOPMENT_SERVICE_TOKEN },
      'database-url': { type: 'string' },
    },
  })
  return {
    users: count('users', values.users),
    seconds: count('seconds', values.seconds),
    intervalMs: count('interval-ms', values['interval-ms']),
    url: values.url,
    token: values.token,
    databaseUrl: values['database-url'],
  }
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on`)
  return value
}
