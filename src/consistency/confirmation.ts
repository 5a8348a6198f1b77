import type { CachePort } from './cache-port.ts'
import type { Grant, Lease } from './lease.ts'
import type { NearEntry } from './near-entry.ts'
import type { ReadResult } from './read-outcome.ts'
import { versionsIn } from './stored-bytes.ts'
import { isKnown, type KnownVersions } from './versions.ts'

/** Asks whether the keys still hold what this process or the caller holds. */
export interface HeadsQuestion {
  readonly keys: readonly string[]
  readonly begun: Grant
  readonly held: NearEntry | undefined
  readonly known: KnownVersions | undefined
}

/** Why there is no answer. `stale`: another version in Redis, or the lease has ended; `failed`: no reply from Redis. */
export type ConfirmationFailure = 'stale' | 'failed'

/** Asks Redis for the heads of the keys, in one round trip. By callback: see CachePort.readHeads. */
export function askHeads(
  { cache, lease }: { readonly cache: CachePort; readonly lease: Lease },
  question: HeadsQuestion,
  onConfirmed: (outcome: ReadResult | ConfirmationFailure) => void,
): void {
  const { keys, begun, held } = question
  cache.readHeads(keys, held?.stampKey, (_error, reply) => {
    if (reply === undefined) onConfirmed('failed')
    else if (!lease.covers(begun, reply.connection)) onConfirmed('stale')
    else onConfirmed(confirm(reply.heads, question) ?? 'stale')
  })
}

/** The result when the heads confirm the bytes held here, or the versions that the caller has; else undefined. */
function confirm(heads: Buffer, { keys, begun, held, known }: HeadsQuestion): ReadResult | undefined {
  if (held?.heads.equals(heads)) {
    held.confirmedAt = begun.askedAt
    return { status: 'hit', versions: held.versions, values: held.values }
  }
  if (known === undefined) return undefined
  const versions = versionsIn(heads, keys.length)
  if (versions === undefined || !isKnown(known, versions)) return undefined
  return { status: 'hit', versions, values: undefined }
}
