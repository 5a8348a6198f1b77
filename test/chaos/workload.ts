import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import type { ChaosClient } from './client.ts'
import type { Operation } from './history.ts'
import { READABLE, WRITABLE } from './targets.ts'

export interface WorkloadOptions {
  readonly users: readonly string[]
  readonly gateways: number
  /** Longest pause between two operations of one client, milliseconds. */
  readonly pauseMs: number
}

/** Share of each operation; what is left are reads of one document. */
const SHARES = { write: 0.2, writeNothing: 0.03, bundle: 0.15, draw: 0.15, loadDefaults: 0.01 }
/** Half of the operations meet on few documents, so that they get into each other's way. */
const HOT_USERS = 2
const HOT_TARGETS = 3
/** A dead gateway refuses at once: not a thousand times a second. */
const PAUSE_AFTER_FAILURE_MS = 20

/** Lets one client work until `stopped`; resolves when its last operation has ended. */
export async function work(
  client: ChaosClient,
  random: Random,
  { users, gateways, pauseMs }: WorkloadOptions,
  stopped: () => boolean,
): Promise<void> {
  let marks = 0
  const next = (): Promise<Operation> => {
    const gateway = random.int(gateways)
    const hot = random.chance(0.5)
    const user = random.pick(hot ? users.slice(0, HOT_USERS) : users)
    const dice = random.next()
    let share = SHARES.write
    if (dice < share) {
      const target = random.pick(hot ? WRITABLE.slice(0, HOT_TARGETS) : WRITABLE)
      return client.write(gateway, user, target, `${client.name}-${marks++}`)
    }
    share += SHARES.writeNothing
    if (dice < share)
      return client.writeNothing(gateway, user, random.pick(hot ? WRITABLE.slice(0, HOT_TARGETS) : WRITABLE))
    share += SHARES.bundle
    if (dice < share) return client.readBundle(gateway, user)
    share += SHARES.draw
    if (dice < share) return client.draw(gateway, user, 1 + random.int(5))
    share += SHARES.loadDefaults
    if (dice < share) return client.loadDefaults(gateway, user)
    return client.read(gateway, user, random.pick(hot ? READABLE.slice(0, HOT_TARGETS) : READABLE))
  }
  while (!stopped()) {
    const { outcome } = await next()
    await sleep(outcome === 'ok' ? random.next() * pauseMs : PAUSE_AFTER_FAILURE_MS)
  }
}
