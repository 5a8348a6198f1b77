import { availableParallelism, loadavg } from 'node:os'

/** What limits a caller of a gateway that is measured. */
export const UNLIMITED = { RATE_LIMIT_MAX: '0', RATE_LIMIT_WRITE_MAX: '0' }

/** Other work on the machine, without which a time says little. */
export function machineLoad(): string {
  return `${availableParallelism()} cores, load ${loadavg()
    .map(load => load.toFixed(1))
    .join(' ')}`
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
