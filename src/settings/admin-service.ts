import type { ChangeReport, DocumentAnswer, Precondition, ReadAnswer } from './service.ts'

export type DefaultsSource =
  | { readonly source: 'file' }
  | { readonly source: 'user'; readonly userId: string }

export interface SyncReport {
  readonly changed: boolean
  readonly version: number
  /** MD5 (hex) of the canonical JSON of the defaults. */
  readonly hash: string
  readonly changes: readonly { path: string; from?: unknown; to?: unknown }[]
  /** Sections and modes of the file that are stored without a meaning for the gateway; absent when there are none. */
  readonly unused?: readonly string[]
}

/** One Redis key of a user beside its row. */
export interface InspectedKey {
  readonly key: string
  readonly document: string
  readonly state: 'value' | 'fence' | 'missing' | 'unknown'
  /** Version of the value, or the least version that the fence waits for. */
  readonly version_redis: number | null
  readonly version_database: number | null
  /** Bytes of the value or fence in Redis. */
  readonly size: number
}

export interface Inspection {
  readonly user_id: string
  /** `down`: Redis could not be read. */
  readonly redis: 'up' | 'down'
  /** Only of a Redis Cluster: `host:port` of the node that has the keys. */
  readonly node?: string
  readonly keys: readonly InspectedKey[]
}

/** The admin defaults, the document that all users start from. `caller` goes into the history. */
export interface AdminDefaultsService {
  getDefaults(): Promise<ReadAnswer>
  /** Merged like a document. DEFAULTS_INVALID names every fault. */
  putDefaults(caller: string, patch: unknown, precondition?: Precondition): Promise<DocumentAnswer>
  previewDefaults(caller: string, patch: unknown, precondition?: Precondition): Promise<ChangeReport>
  syncDefaults(caller: string, source: DefaultsSource, precondition?: Precondition): Promise<SyncReport>
}

/** Preconditions are about the bundle of all documents of the user. */
export interface UserService {
  /** False when the user existed already. */
  createUser(caller: string, userId: string, precondition?: Precondition): Promise<boolean>
  /** All documents of the user and their keys. USER_NOT_FOUND. */
  deleteUser(caller: string, userId: string, precondition?: Precondition): Promise<void>
}

export interface CacheService {
  inspect(userId: string): Promise<Inspection>
  /** Puts all documents of the user into Redis; resolves to the number of keys that are values afterwards. */
  warm(userId: string): Promise<number>
}
