import type { DatasetIdentity, ViewToken } from './views.ts'

/**
 * The version of the rules that the scripts share (6 = fills carry stamps; 7 = tickets of order numbers name the witness,
 * tombstones, gates look at the claim). Instances whose scripts keep different rules must not share a view, and neither must
 * instances with other keys of documents: the gate of one that does not know a kind neither fences nor sweeps its keys. With
 * another number in the text each refuses the view of the other, and answers from PostgreSQL meanwhile.
 */
export const SCRIPT_RULES = 7

/** V as `gateway:view` holds it: `<epoch> r<rules of the scripts> <database> <run_id> <replication id>`. */
export function viewText(v: ViewToken): string {
  return `${v.epoch} r${SCRIPT_RULES} ${v.database} ${v.identity.runId} ${v.identity.replicationId}`
}

/** The epoch of a `gateway:view` text; 0 for anything else, older than every real epoch. */
export function epochOf(text: string): number {
  const epoch = Number.parseInt(text, 10)
  return Number.isSafeInteger(epoch) ? epoch : 0
}

/** The database of a `gateway:view` text; undefined for anything else. */
export function databaseOf(text: string): string | undefined {
  return /^\d+ r\d+ (\S+) /.exec(text)?.[1]
}

export function sameIdentity(a: DatasetIdentity | null, b: DatasetIdentity): boolean {
  return a !== null && a.runId === b.runId && a.replicationId === b.replicationId
}
