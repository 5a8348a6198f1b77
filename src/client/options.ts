import type { DocumentKind } from './documents.ts'
import type { CallOptions } from './requests.ts'

export interface PutOptions extends CallOptions {
  /** The version that must be current: else VersionMismatchError. With it the PUT is sent again when it got no answer. */
  readonly ifMatch?: number
}

export interface UpdateOptions extends CallOptions {
  /** How often somebody else may be faster; 5 if not given. */
  readonly attempts?: number
}

/** What load-defaults works on: a document, all four modes, or everything. */
export type DefaultsScope = DocumentKind | 'modes' | 'all'
