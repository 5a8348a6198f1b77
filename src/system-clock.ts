import { randomUUID } from 'node:crypto'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { ClockPort } from './consistency/ports.ts'

/**
 * 64 random bits as 16 hex digits, of the 122 of a UUID: Node takes those from a buffer (1 us), where `randomBytes` asks the
 * kernel each time (8 us).
 */
function nonce(): string {
  const uuid = randomUUID()
  return uuid.slice(0, 8) + uuid.slice(-8)
}

/** The process's own clocks. */
export const SYSTEM_CLOCK: ClockPort = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async ms => {
    await sleep(ms)
  },
  turn: () => turn(),
  random: () => Math.random(),
  nonce,
}
