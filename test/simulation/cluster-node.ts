import type { DatasetIdentity } from '../../src/consistency/views.ts'
import type { Random } from './random.ts'
import { RedisServer } from './redis-server.ts'

/** What a node believes of the slot of a partition. */
export type SlotState = 'owned' | 'migrating' | 'none'

/** Partitions of the simulated cluster, each with one slot. */
export const SLOTS = 2

type Log = ReturnType<RedisServer['prefix']>

/** One process of a cluster: the keys of each slot, all of one dataset, and what it believes of them. */
export class ClusterNode {
  /** Where clients reach it; a process that is started again has the same. */
  readonly address: number
  /** The keys by slot, under names without a prefix. */
  readonly keys: readonly RedisServer[]
  readonly slots: SlotState[]

  constructor(
    random: Random,
    address: number,
    logs: readonly Log[] = [],
    slots: readonly SlotState[] = ['none', 'none'],
  ) {
    this.address = address
    const identity: DatasetIdentity = { runId: random.hex(40), replicationId: random.hex(40) }
    this.keys = Array.from(
      { length: SLOTS },
      (_, slot) => new RedisServer(random, logs[slot] ?? [], identity),
    )
    this.slots = [...slots]
  }

  get running(): boolean {
    return this.keys[0]!.running
  }

  stop(): void {
    for (const each of this.keys) each.running = false
  }

  /** Lost its last `lost()` entries while its connections live on, as RedisServer.rewind: of each slot another number. */
  rewind(lost: () => number, random: Random): void {
    for (const each of this.keys) each.rewind(lost(), random)
    for (const each of this.keys) each.take(this.keys[0]!.identity)
  }

  /** Another replication id: a replica was attached. */
  renew(random: Random): void {
    this.keys[0]!.renew(random)
    for (const each of this.keys) each.take(this.keys[0]!.identity)
  }

  /** Becomes a replica of another node, with what that one holds; its connections live on. */
  follow(primary: ClusterNode): void {
    this.slots.fill('none')
    this.keys.forEach((each, slot) => {
      each.role = 'replica'
      each.replicate(primary.keys[slot]!)
    })
  }

  /** Without the last `lost()` entries of each slot. */
  logs(lost: () => number): readonly Log[] {
    return this.keys.map(each => each.prefix(Math.max(0, each.logLength - lost())))
  }

  /**
   * What it answers to a command with these keys, as getNodeByQuery of cluster.c; undefined = it carries it out. A command
   * without keys is of no slot.
   */
  refusalOf(slot: number, keys: readonly string[]): string | undefined {
    if (keys.length === 0) return undefined
    const state = this.slots[slot]
    if (state === 'none') return 'MOVED'
    if (state === 'owned') return undefined
    const present = keys.filter(key => this.keys[slot]!.get(key) !== undefined).length
    if (present === keys.length) return undefined
    return present === 0 ? 'ASK' : 'TRYAGAIN'
  }
}
