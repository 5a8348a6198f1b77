import type { ViewToken } from '../consistency/views.ts'
import {
  NO_SEQUENCE_CACHE,
  type NumberBlock,
  type SequenceCachePort,
  type SequenceDay,
  type Vacancy,
} from '../sequence/ports.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import { OnOwner } from './on-owner.ts'
import type { PartitionPlace } from './partition-names.ts'
import { RedisSequence } from './redis-sequence.ts'

/** The SequenceCachePort of one partition of a cluster: that of the node that owns it now. */
export class PartitionSequence implements SequenceCachePort {
  readonly #owner: OnOwner<SequenceCachePort>

  constructor(nodes: Pick<ClusterNodes, 'ownerOf'>, { partition, names }: PartitionPlace) {
    this.#owner = new OnOwner<SequenceCachePort>(
      nodes,
      partition,
      ({ server: { scripts, scriptConnection, breaker } }) =>
        new RedisSequence(scripts, scriptConnection, breaker, names),
      NO_SEQUENCE_CACHE,
    )
  }

  get usable(): boolean {
    return this.#owner.current.usable
  }

  draw(v: ViewToken, day: SequenceDay, count: number, settingsVersion: number) {
    return this.#owner.current.draw(v, day, count, settingsVersion)
  }

  open(v: ViewToken, day: SequenceDay, count: number, met: Vacancy, block: NumberBlock) {
    return this.#owner.current.open(v, day, count, met, block)
  }

  last(v: ViewToken, day: SequenceDay) {
    return this.#owner.current.last(v, day)
  }

  forget(userId: string, days: readonly string[]) {
    return this.#owner.current.forget(userId, days)
  }

  note(day: SequenceDay, last: number) {
    return this.#owner.current.note(day, last)
  }

  notes() {
    return this.#owner.current.notes()
  }
}
