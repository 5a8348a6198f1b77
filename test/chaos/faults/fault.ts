import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../simulation/random.ts'
import type { ClusterStack } from '../cluster-stack.ts'
import type { Component, Operation } from '../history.ts'
import type { ChaosGateway, Stack } from '../stack.ts'

/** What a fault works with. */
export interface FaultContext {
  readonly stack: Stack
  readonly random: Random
  /** Users whose documents may be changed. */
  readonly users: readonly string[]
  /** Says, before it happens, whom it hurts. Lasts until that gateway is seen well again after the fault. */
  hurt(component: Component, gateways: readonly ChaosGateway[]): void
  /** Says that nothing could be done: nobody came to the step. */
  missed(): void
  /** For changes that no client makes. */
  record(operation: Operation): void
}

/** Something that goes wrong, and is put right again before `inject` resolves. */
export interface Fault {
  readonly name: string
  inject(context: FaultContext): Promise<void>
}

export function anyGateway({ stack, random }: FaultContext): ChaosGateway {
  return random.pick(stack.gateways)
}

/** The cluster of a run that has one. */
export function clusterOf({ stack }: FaultContext): ClusterStack {
  if (stack.cluster === undefined) throw new Error('this fault is one of a cluster')
  return stack.cluster
}

/** Waits for a random time, milliseconds. */
export async function between({ random }: FaultContext, from: number, to: number): Promise<void> {
  await sleep(random.between(from, to))
}

/** All of a list in random order, then all again. */
export function deck<T>(items: readonly T[]): (random: Random) => T {
  let left: T[] = []
  return random => {
    if (left.length === 0) left = [...items]
    return left.splice(random.int(left.length), 1)[0]!
  }
}
