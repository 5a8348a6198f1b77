/** The versions of the documents of one read, in its order. */
export type Versions = readonly number[]

/** Versions that a caller has: one of these, or (`*`) any. */
export type KnownVersions = readonly Versions[] | '*'

/** True when the caller has exactly these versions. */
export function isKnown(known: KnownVersions | undefined, versions: Versions): boolean {
  if (known === undefined) return false
  if (known === '*') return true
  return known.some(
    candidate =>
      candidate.length === versions.length && candidate.every((version, i) => version === versions[i]),
  )
}
