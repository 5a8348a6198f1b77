import type { DatasetIdentity, ViewToken } from './ports.ts'

/**
 * What the scripts have in common, as a number (3 = order numbers in keys of the gateway, 4 = the marker is proposed first):
 * instances whose scripts keep different rules must not share a view. With another number in the text each refuses the
 * view of the other, and answers from PostgreSQL meanwhile.
 */
const SCRIPT_RULES = 4

/** V as `gateway:view` holds it: `<epoch> r<rules of the scripts> <run_id> <replication id>`. */
export function viewText(v: ViewToken): string {
  return `${v.epoch} r${SCRIPT_RULES} ${v.identity.runId} ${v.identity.replicationId}`
}

/** The epoch of a `gateway:view` text; 0 for anything else, older than every real epoch. */
export function epochOf(text: string): number {
  const epoch = Number.parseInt(text, 10)
  return Number.isSafeInteger(epoch) ? epoch : 0
}

export function sameIdentity(a: DatasetIdentity | null, b: DatasetIdentity): boolean {
  return a !== null && a.runId === b.runId && a.replicationId === b.replicationId
}
