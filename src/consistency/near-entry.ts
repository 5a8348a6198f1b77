import type { HeldVersion } from './document-rows.ts'
import { updatedAtOf } from './stored-bytes.ts'
import type { Versions } from './versions.ts'
import type { ViewToken } from './views.ts'

/** How far the changes of one database on one server are known, see Follower. */
export interface Horizon {
  /** As in Moment. */
  readonly server: string
  readonly database: string
  /** Changes by this transaction and later ones are asked for. */
  since: bigint
  /** Monotonic time of the last answer. */
  askedAt: number
  /** Monotonic time at which an answer moved the horizon, or told no change. */
  movedAt: number
}

/** The answer of one read, kept in the process. */
export interface NearEntry {
  /** The Redis keys of the documents. */
  readonly keys: readonly string[]
  /** The V under which Redis answered it; undefined = it is from the database. */
  readonly v: ViewToken | undefined
  /** The incarnation of the database that has these versions. */
  readonly database: string
  /** The stamp key of the user who has all documents; undefined = the heads are those of the keys. */
  readonly stampKey: string | undefined
  /** The answer of CachePort.readHeads that confirms the bytes; unused without `v`. */
  readonly heads: Buffer
  readonly versions: Versions
  /** One per key, or the one body that was made of all of them. */
  readonly values: readonly Buffer[]
  /** Where each document begins and ends in the one body, in turn; undefined = there is one value per key. */
  readonly spans: readonly number[] | undefined
  /** Monotonic time at which Redis or the database last confirmed the documents: each confirmed read updates it. */
  confirmedAt: number
  /** Versions of the documents; computed at first use, when Redis is unreachable. */
  heldVersions?: readonly HeldVersion[]
  /** Set while every change that the entry lacks is behind this horizon. */
  horizon?: Horizon | undefined
}

/** One document as the near cache holds it. */
export interface HeldDocument extends HeldVersion {
  readonly database: string
  readonly bytes: Buffer
}

/** The documents of an entry of the near cache, in the order of its keys. */
export function heldVersionsOf(entry: NearEntry): readonly HeldVersion[] {
  entry.heldVersions ??= entry.versions.map((version, index) => ({
    version,
    updatedAt: updatedAtOf(bytesOf(entry, index)),
  }))
  return entry.heldVersions
}

/** The same with their bytes. */
export function documentsOf(entry: NearEntry): readonly HeldDocument[] {
  return entry.keys.map((_, index) => documentIn(entry, index))
}

function bytesOf({ values, spans }: NearEntry, index: number): Buffer {
  return spans === undefined ? values[index]! : values[0]!.subarray(spans[2 * index], spans[2 * index + 1])
}

/** One document of an entry: that of the key at `index`. */
export function documentIn(entry: NearEntry, index: number): HeldDocument {
  return { ...heldVersionsOf(entry)[index]!, database: entry.database, bytes: bytesOf(entry, index) }
}
