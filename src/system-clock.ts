import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClockPort } from './consistency/ports.ts'

/** The process's own clocks. */
export const SYSTEM_CLOCK: ClockPort = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async ms => {
    await sleep(ms)
  },
  random: () => Math.random(),
  nonce: () => randomBytes(8).toString('hex'),
}
