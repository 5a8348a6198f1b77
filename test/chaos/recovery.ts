import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosClient } from './client.ts'
import type { Violation } from './history.ts'
import type { ChaosGateway } from './stack.ts'
import { READABLE, type Target } from './targets.ts'

/** Far longer than any recovery takes: on a machine with other work everything takes longer. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 10
export const PROBE_USER = 'probe'
const PROBE_TARGET = READABLE[0]!

/** After one fault. */
export interface Recovery {
  readonly fault: string
  /** From when everything ran again until each gateway answered from Redis again, milliseconds. */
  readonly withoutCacheMs: readonly number[]
  readonly violations: readonly Violation[]
}

/** How a fault is named in the report that found nobody at its step. */
export const MISSED = ' (nobody came)'

/** Waits until every gateway answers the users from Redis and reaches the database; tells each as soon as it does. */
export async function recovered(
  fault: string,
  gateways: readonly ChaosGateway[],
  probe: ChaosClient,
  onWell: (gateway: ChaosGateway) => void,
  users: readonly string[] = [PROBE_USER],
): Promise<Recovery> {
  const healedAt = performance.now()
  const violations: Violation[] = []
  const times = await Promise.all(
    gateways.map(async gateway => {
      const hits = await Promise.all(
        users.map(user => untilHit(probe, gateway.index, user, PROBE_TARGET, healedAt)),
      )
      const hitAfterMs = hits.includes(undefined) ? undefined : Math.max(...(hits as number[]))
      if (hitAfterMs === undefined || !(await databaseUp(gateway))) {
        const message = `gateway ${gateway.index} was not well ${PATIENCE_MS} ms after: ${fault}`
        violations.push({ rule: 'no-recovery', message })
      }
      onWell(gateway)
      return hitAfterMs ?? PATIENCE_MS
    }),
  )
  return { fault, withoutCacheMs: times, violations }
}

/** Reads until it is a hit; resolves to the time since `since`. Undefined when that never came. */
export async function untilHit(
  client: ChaosClient,
  gateway: number,
  user: string,
  target: Target,
  since = performance.now(),
): Promise<number | undefined> {
  while (performance.now() < since + PATIENCE_MS) {
    const { cache } = await client.read(gateway, user, target)
    if (cache === 'hit') return performance.now() - since
    await sleep(PAUSE_MS)
  }
  return undefined
}

async function databaseUp({ process }: ChaosGateway): Promise<boolean> {
  const patience = performance.now() + PATIENCE_MS
  while (performance.now() < patience) {
    const response = await fetch(`${process.url}/health`).catch(() => undefined)
    const health = (await response?.json().catch(() => undefined)) as
      | { services?: { database?: { status?: string } } }
      | undefined
    if (health?.services?.database?.status === 'up') return true
    await sleep(PAUSE_MS)
  }
  return false
}
