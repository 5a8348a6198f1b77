import { NO_TELEMETRY, type Telemetry } from './telemetry.ts'

type Tell = (...args: unknown[]) => void

/** Calls all of them, in order; each gets the calls that it has a method for. */
export function toAll(...all: readonly Partial<Telemetry>[]): Telemetry {
  const names = Object.keys(NO_TELEMETRY) as (keyof Telemetry)[]
  const tell =
    (name: keyof Telemetry) =>
    (...args: unknown[]) => {
      for (const each of all) (each[name] as Tell | undefined)?.apply(each, args)
    }
  return Object.fromEntries(names.map(name => [name, tell(name)])) as unknown as Telemetry
}
