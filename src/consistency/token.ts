import type { DatasetIdentity, ViewToken } from './ports.ts'

/** V as `gateway:view` holds it: `<epoch> <run_id> <replication id>`. */
export function viewText(v: ViewToken): string {
  return `${v.epoch} ${v.identity.runId} ${v.identity.replicationId}`
}

/** The epoch of a `gateway:view` text; 0 for anything else, older than every real epoch. */
export function epochOf(text: string): number {
  const epoch = Number.parseInt(text, 10)
  return Number.isSafeInteger(epoch) ? epoch : 0
}

export function sameIdentity(a: DatasetIdentity | null, b: DatasetIdentity): boolean {
  return a !== null && a.runId === b.runId && a.replicationId === b.replicationId
}
