import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultWindow } from './history.ts'
import type { Stack } from './stack.ts'

/** Timeouts that ran while a process stood still, or a server had no time, fire for this long, milliseconds. */
const AFTER_STALL_MS = 3_000
/** A new connection and a trivial statement, straight to a server that nothing was done to. */
const SLOW_DATABASE_MS = 700
const PAUSE_MS = 250

/**
 * Notes when the machine had no time for a gateway or for PostgreSQL: a 503, or an old answer marked as unverified, is
 * nobody's fault then. Other old answers, lost writes and numbers handed out twice are violations all the same. Stops when `stopped`.
 */
export async function watchMachine(
  stack: Stack,
  windows: FaultWindow[],
  stopped: () => boolean,
): Promise<void> {
  const note = (gateway: number, milliseconds: number) => {
    const now = performance.now()
    const window = { start: now - milliseconds, end: now + AFTER_STALL_MS }
    windows.push({ fault: 'no time', component: 'machine', gateway, ...window })
  }
  for (const { process, index } of stack.gateways) process.onStall = milliseconds => note(index, milliseconds)
  while (!stopped()) {
    const start = performance.now()
    const answered = await stack
      .sql(client => client.query('SELECT 1'))
      .then(
        () => true,
        () => false,
      )
    const took = performance.now() - start
    if (answered && took > SLOW_DATABASE_MS) for (const { index } of stack.gateways) note(index, took)
    await sleep(PAUSE_MS)
  }
}
