import type { DocumentRef } from './document-rows.ts'
import { type Around, joinBody } from './joined-body.ts'
import type { Grant } from './lease.ts'
import type { NearCache } from './near-cache.ts'
import type { NearEntry } from './near-entry.ts'
import type { ReadResult, ReadStatus } from './read-outcome.ts'
import { versionOf } from './stored-bytes.ts'
import type { KnownVersions } from './versions.ts'

/** One key of one document: `part` indexes `codec.keys(ref)` (0 = the whole document). */
export interface DocumentPart {
  readonly ref: DocumentRef
  readonly part: number
}

/** The documents of a read; a function if they need not be computed when the near cache has the read. */
export type WantedDocuments = readonly DocumentPart[] | (() => readonly DocumentPart[])

/** One read on its way. */
export interface PendingRead {
  /** Its key in the near cache. */
  readonly id: string
  readonly wanted: readonly DocumentPart[]
  readonly keys: readonly string[]
  readonly begun: Grant | undefined
  /** The texts around the values in one body; undefined = one value per key. */
  readonly around: (() => Around) | undefined
  readonly known: KnownVersions | undefined
}

/** A result, with the positions of the documents in its one body. */
export interface JoinedResult extends ReadResult {
  readonly values: readonly (Buffer | null)[]
  readonly spans: readonly number[] | undefined
}

export function partsOf(wanted: WantedDocuments): readonly DocumentPart[] {
  return typeof wanted === 'function' ? wanted() : wanted
}

/** Makes the result of these values; null = the document does not exist. */
export function resultOf(
  status: ReadStatus,
  values: readonly (Buffer | null)[],
  around: PendingRead['around'],
): JoinedResult {
  const versions = values.map(value => (value === null ? 0 : versionOf(value)))
  if (around === undefined || values.includes(null)) return { status, versions, values, spans: undefined }
  const { body, spans } = joinBody(around(), values as readonly Buffer[])
  return { status, versions, values: [body], spans }
}

/** Keeps an answer that the incarnation `database` gave at the monotonic time `at`. Undefined = it is not kept. */
export function keepRows(
  near: NearCache,
  { id, keys }: PendingRead,
  { versions, values, spans }: JoinedResult,
  database: string,
  at: number,
): NearEntry | undefined {
  if (values.includes(null)) return undefined
  return near.keep(id, {
    keys,
    v: undefined,
    database,
    stampKey: undefined,
    heads: NO_HEADS,
    versions,
    values: values as readonly Buffer[],
    spans,
    confirmedAt: at,
  })
}

const NO_HEADS = Buffer.alloc(0)
