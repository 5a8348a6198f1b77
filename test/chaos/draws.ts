import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import type { ChaosClient } from './client.ts'

export interface DrawOptions {
  readonly users: readonly string[]
  readonly gateways: number
  /** Pause after each draw, milliseconds; none if left out. */
  readonly pauseMs?: number
  /** Is told how many numbers a draw got. */
  readonly onNumbers?: (count: number) => void
}

/** A number for one order, some for a batch, and many at once. */
const COUNTS = [1, 1, 1, 2, 5, 10, 50, 100]
const PAUSE_AFTER_FAILURE_MS = 20

/** Lets one client draw order numbers until `stopped`, one draw after the other. */
export async function draws(
  client: ChaosClient,
  random: Random,
  { users, gateways, pauseMs = 0, onNumbers }: DrawOptions,
  stopped: () => boolean,
): Promise<void> {
  while (!stopped()) {
    const { numbers } = await client.draw(random.int(gateways), random.pick(users), random.pick(COUNTS))
    if (numbers !== undefined) onNumbers?.(numbers.last - numbers.first + 1)
    const pause = numbers === undefined ? PAUSE_AFTER_FAILURE_MS : pauseMs
    if (pause > 0) await sleep(pause)
  }
}
