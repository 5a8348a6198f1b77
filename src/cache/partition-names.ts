import slotOf from 'cluster-key-slot'
import { PARTITIONS } from '../consistency/partitions.ts'
import { KeyNames } from './keys.ts'

const SLOTS = 16_384
const SLOTS_PER_PARTITION = SLOTS / PARTITIONS

/** Where the keys of one partition are: all in one slot, so that each script and each MGET is of one node. */
export interface PartitionPlace {
  readonly partition: number
  /** The slot of the cluster, 0 to 16,383. */
  readonly slot: number
  /** `<REDIS_KEY_PREFIX>{tag}:` stands before each. */
  readonly names: KeyNames
}

/** The places of all partitions, in their order. They are the same in every gateway, for ever. */
export function partitionPlaces(keyPrefix: string): readonly PartitionPlace[] {
  return partitionTags().map((tag, partition) => ({
    partition,
    slot: slotOf(`{${tag}}`),
    names: new KeyNames(`${keyPrefix}{${tag}}:`),
  }))
}

/**
 * The hash tag of each partition: the smallest number whose slot is in the middle half of the partition's 256 slots. The
 * partitions are spread evenly, and a border between two nodes that is not exactly where it would be moves none of them.
 */
export function partitionTags(): readonly string[] {
  const tags: string[] = []
  for (let left = PARTITIONS, number = 0; left > 0; number++) {
    const slot = slotOf(`{${number}}`)
    const partition = Math.floor(slot / SLOTS_PER_PARTITION)
    const at = slot % SLOTS_PER_PARTITION
    const isMiddle = at >= SLOTS_PER_PARTITION / 4 && at < (3 * SLOTS_PER_PARTITION) / 4
    if (!isMiddle || tags[partition] !== undefined) continue
    tags[partition] = String(number)
    left--
  }
  return tags
}
