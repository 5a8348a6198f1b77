import { ClusterNode, SLOTS, type SlotState } from './cluster-node.ts'
import type { Random } from './random.ts'
import type { RedisServer } from './redis-server.ts'
import type { Timeline } from './timeline.ts'

/** Nodes at the start: each slot on one of its own, and one without. */
const NODES = 3
/** Longest pause between two keys of a move, fast or slow: a slot may be back before any gateway looks again. */
const PACES_MS = [3, 60]
/**
 * What operators and tools keep to: a slot stays so long where it was moved, and on its way, until its move is given up. Longer
 * than a claim lasts.
 */
const STAYS_MS = 900
/** Longest time until a node hears that it owns a slot no more. */
const HEARS_MS = 240
/** How often a MIGRATE ends with a copy on both sides, and the move with it. */
const BROKEN = [0, 0.05, 0.3]
/** How often a slot goes back as soon as it has arrived. */
const BACK = 0.5

/** Longest time until an operator mends a slot whose move was broken off by a restart. */
const MENDED_MS = 800

const NEVER = Number.NEGATIVE_INFINITY

interface Move {
  readonly paceMs: number
  readonly begunAt: number
  /** Probability, with each key. */
  readonly broken: number
  readonly from: ClusterNode
  readonly to: ClusterNode
}

/** The nodes of a Redis Cluster, who owns which slot, and what becomes of both. */
export class RedisCluster {
  readonly #timeline: Timeline
  readonly #random: Random
  /** By address. */
  readonly #nodes: ClusterNode[] = []
  readonly #downUntil: number[] = []
  /** By slot, as the cluster agrees in the end; undefined = nobody. */
  readonly #owners: (ClusterNode | undefined)[] = []
  readonly #formerAddress: (number | undefined)[] = []
  readonly #changedAt: number[] = []
  readonly #moves = new Map<number, Move>()
  /** A former primary that does not know it yet, or that is a replica by now. */
  #old: ClusterNode | undefined
  #splitUntil = 0
  #healed = false

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline
    this.#random = random
    for (let address = 0; address < NODES; address++)
      this.#nodes.push(new ClusterNode(random, address, [], slotsAtStart(address)))
    for (let slot = 0; slot < SLOTS; slot++) this.#owners.push(this.#nodes[slot])
  }

  /** The process at an address. */
  at(address: number): ClusterNode {
    return this.#nodes[address]!
  }

  /** The node whose keys they are. */
  nodeOf(server: RedisServer): ClusterNode | undefined {
    return this.#nodes.find(({ keys }) => keys.includes(server))
  }

  isReachable(address: number): boolean {
    return this.at(address).running && this.#timeline.now >= (this.#downUntil[address] ?? 0)
  }

  /** Where a client finds the owner of a slot: some have heard of the last change only. */
  addressOf(slot: number): number | undefined {
    const former = this.#formerAddress[slot]
    if (!this.#healed && former !== undefined && this.#random.chance(0.2)) return former
    return this.#owners[slot]?.address
  }

  /** True while a former primary and some of its clients are cut off from the rest. */
  get isSplit(): boolean {
    return this.#timeline.now < this.#splitUntil
  }

  /** The keys of a slot where the cluster has them. */
  keysOf(slot: number): RedisServer | undefined {
    return this.#owners[slot]?.keys[slot]
  }

  /** Crash of one that owns something, and restart without the tail of its file. */
  restart(lost: () => number, downMs: number): void {
    const node = this.#pickOwner()
    if (node === undefined) return
    node.stop()
    const { address, slots } = node
    this.#replace(node, new ClusterNode(this.#random, address, node.logs(lost), slots))
    this.#downUntil[address] = this.#timeline.now + downMs
  }

  /** The same, but `nodes.conf` is lost: it owns nothing, until an operator gives its slots to some node with what that one holds. */
  forget(lost: () => number, downMs: number): void {
    const node = this.#pickOwner()
    if (node === undefined) return
    node.stop()
    const { address } = node
    const empty = new ClusterNode(this.#random, address, node.logs(lost))
    this.#nodes[address] = empty
    this.#owners.forEach((owner, slot) => {
      if (owner !== node) return
      this.#setOwner(slot, undefined)
      this.#timeline.later(downMs, () => {
        if (this.#owners[slot] === undefined) this.#give(slot, this.#random.pick(this.#primaries()))
      })
    })
  }

  /**
   * A replica that lacks some of the last entries takes over; the former primary goes on for `splitMs`, alone with some clients,
   * and then stops or follows. The replica knows of no move.
   */
  failover(lost: () => number, splitMs: number, stops: boolean): void {
    const node = this.#pickOwner()
    if (node === undefined) return
    this.#old?.stop()
    this.#old = node
    const address = this.#nodes.length
    const slots = node.slots.map(state => (state === 'none' ? 'none' : 'owned'))
    const promoted = new ClusterNode(this.#random, address, node.logs(lost), slots)
    this.#nodes.push(promoted)
    this.#owners.forEach((owner, slot) => {
      if (owner === node) this.#setOwner(slot, promoted)
    })
    this.#splitUntil = this.#timeline.now + splitMs
    this.#timeline.later(splitMs, () => {
      if (stops) node.stop()
      else node.follow(promoted)
    })
  }

  thereAndBack(lost: () => number): void {
    this.#pickOwner()?.rewind(lost, this.#random)
  }

  attachReplica(): void {
    this.#pickOwner()?.renew(this.#random)
  }

  flushAll(): void {
    for (const each of this.#pickOwner()?.keys ?? []) each.atomically(() => each.flush())
  }

  freeze(ms: number): void {
    for (const each of this.#pickOwner()?.keys ?? []) each.frozenUntil = this.#timeline.now + ms
  }

  /** Moves a slot to another node, key by key. */
  move(slot = this.#random.int(SLOTS), back?: ClusterNode): void {
    const from = this.#owners[slot]
    const targets = this.#primaries().filter(node => node !== from && node === (back ?? node))
    if (from === undefined || targets.length === 0 || !this.#rests(slot)) return
    const move = {
      from,
      to: this.#random.pick(targets),
      paceMs: this.#random.pick(PACES_MS),
      begunAt: this.#timeline.now,
      broken: this.#random.pick(BROKEN),
    }
    from.slots[slot] = 'migrating'
    this.#moves.set(slot, move)
    this.#moveNextKey(slot, move)
  }

  /** An operator gives a slot to a node as it is, without its keys. */
  seize(slot = this.#random.int(SLOTS)): void {
    if (this.#rests(slot)) this.#give(slot, this.#random.pick(this.#primaries()))
  }

  /** Ends every fault, and every move. */
  heal(): void {
    this.#healed = true
    this.#splitUntil = 0
    this.#old?.stop()
    for (const [slot, move] of this.#moves) this.#finish(slot, move)
    for (let slot = 0; slot < SLOTS; slot++)
      if (this.#owners[slot] === undefined || !this.#owners[slot]!.running)
        this.#give(slot, this.#primaries()[0]!)
    this.#owners.forEach((owner, slot) => {
      owner!.slots[slot] = 'owned'
    })
    this.#downUntil.length = 0
    for (const { keys } of this.#nodes) for (const each of keys) each.frozenUntil = 0
  }

  /** A node that does not answer delays it; one that is replaced breaks it off. */
  #moveNextKey(slot: number, move: Move): void {
    const { from, to, paceMs } = move
    this.#timeline.later(this.#random.between(0, paceMs), () => {
      if (this.#moves.get(slot)?.from !== from) return
      if (this.#owners[slot] !== from || this.#nodes[to.address] !== to || !to.running)
        return this.#giveUp(slot, move)
      const keys = from.keys[slot]!.dump()
      if (keys.length === 0) return this.#finish(slot, move)
      const [key, value] = this.#random.pick(keys)
      to.keys[slot]!.atomically(() => to.keys[slot]!.set(key, value))
      if (this.#random.chance(move.broken)) return this.#giveUp(slot, move)
      from.keys[slot]!.atomically(() => from.keys[slot]!.delete(key))
      this.#moveNextKey(slot, move)
    })
  }

  #giveUp(slot: number, { from, begunAt }: Move): void {
    this.#timeline.later(begunAt + STAYS_MS - this.#timeline.now, () => this.#breakOff(slot, from))
  }

  /** Copies of keys stay where they are. */
  #breakOff(slot: number, from: ClusterNode): void {
    if (this.#moves.get(slot)?.from === from) this.#moves.delete(slot)
    if (from.slots[slot] === 'migrating') from.slots[slot] = 'owned'
  }

  #finish(slot: number, { from, to, paceMs }: Move): void {
    this.#moves.delete(slot)
    to.slots[slot] = 'owned'
    this.#setOwner(slot, to)
    this.#leave(slot, from)
    if (!this.#healed && this.#random.chance(BACK))
      this.#timeline.later(this.#random.between(STAYS_MS, STAYS_MS + paceMs), () => this.move(slot, from))
  }

  /** A node that hears that it owns a slot no more removes its keys. */
  #leave(slot: number, node: ClusterNode): void {
    const hears = () => {
      if (this.#owners[slot] === node) return
      node.slots[slot] = 'none'
      const keys = node.keys[slot]!
      if (node.running && keys.role === 'master') keys.atomically(() => keys.flush())
    }
    if (this.#healed) hears()
    else this.#timeline.later(this.#random.between(0, HEARS_MS), hears)
  }

  #rests(slot: number): boolean {
    return !this.#moves.has(slot) && this.#timeline.now - (this.#changedAt[slot] ?? NEVER) >= STAYS_MS
  }

  #give(slot: number, to: ClusterNode): void {
    const from = this.#owners[slot]
    if (from === to) return
    to.slots[slot] = 'owned'
    this.#setOwner(slot, to)
    if (from !== undefined) this.#leave(slot, from)
  }

  #setOwner(slot: number, node: ClusterNode | undefined): void {
    this.#formerAddress[slot] = this.#owners[slot]?.address
    this.#changedAt[slot] = this.#timeline.now
    this.#owners[slot] = node
  }

  #replace(node: ClusterNode, next: ClusterNode): void {
    this.#nodes[node.address] = next
    this.#owners.forEach((owner, slot) => {
      if (owner === node) this.#owners[slot] = next
    })
    for (const [slot, { from }] of this.#moves) {
      if (from !== node) continue
      this.#moves.delete(slot)
      // Its file says that the slot is on its way, until an operator looks after it.
      this.#timeline.later(this.#random.between(0, MENDED_MS), () => this.#breakOff(slot, next))
    }
  }

  #pickOwner(): ClusterNode | undefined {
    const owners = this.#owners.filter(owner => owner !== undefined)
    return owners.length === 0 ? undefined : this.#random.pick(owners)
  }

  /** Those that may own slots. */
  #primaries(): ClusterNode[] {
    return this.#nodes.filter(node => node.running && node !== this.#old && node.keys[0]!.role === 'master')
  }
}

function slotsAtStart(address: number): SlotState[] {
  return Array.from({ length: SLOTS }, (_, slot) => (slot === address ? 'owned' : 'none'))
}
