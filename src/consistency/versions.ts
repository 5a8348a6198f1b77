/** The versions of the documents of one read, in its order. */
export type Versions = readonly number[]

/** Versions a caller holds already: any of these, or (`*`) any at all. */
export type KnownVersions = readonly Versions[] | '*'

/** Whether the caller holds exactly these. */
export function isKnown(known: KnownVersions | undefined, versions: Versions): boolean {
  if (known === undefined) return false
  if (known === '*') return true
  return known.some(
    candidate =>
      candidate.length === versions.length && candidate.every((version, i) => version === versions[i]),
  )
}
