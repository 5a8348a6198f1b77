import { createHash } from 'node:crypto'

/** The parts of the users that a Redis Cluster is divided into: at most so many nodes can share them. */
export const PARTITIONS = 64

/** The partition of a user, 0 to 63, for ever: `user_partition` of the database says the same. */
export function partitionOf(userId: string): number {
  return createHash('sha256').update(userId, 'utf8').digest()[0]! % PARTITIONS
}

/** The id of a partition's row in `cache_view`; 0 is the view of one Redis. */
export function viewOfPartition(partition: number): number {
  return partition + 1
}
