import { NO_TELEMETRY, type Telemetry } from './telemetry.ts'

/** Calls all of them, in order; each gets the calls that it has a method for. */
export function toAll(...all: readonly Partial<Telemetry>[]): Telemetry {
  const names = Object.keys(NO_TELEMETRY) as (keyof Telemetry)[]
  const tell = (name: keyof Telemetry) => (first: never, second: never) => {
    for (const each of all) each[name]?.(first, second)
  }
  return Object.fromEntries(names.map(name => [name, tell(name)])) as unknown as Telemetry
}
