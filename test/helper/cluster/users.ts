import { partitionPlaces } from '../../../src/cache/partition-names.ts'
import { partitionOf } from '../../../src/consistency/partitions.ts'

const PLACES = partitionPlaces('')

/** What stands before the names of a user's keys in a cluster. */
export function prefixOfUser(user: string): string {
  return PLACES[partitionOf(user)]!.names.prefix
}

/** The slot of all of a user's keys. */
export function slotOfUser(user: string): number {
  return PLACES[partitionOf(user)]!.slot
}
