import type { Versions } from './versions.ts'

/** How a read was answered; http renders it as Cache-Status (RFC 9211). */
export type ReadStatus = 'hit' | 'miss-stored' | 'miss' | 'degraded' | 'unverified'

export interface ReadResult {
  readonly status: ReadStatus
  /** In the order of the read; 0 = the document does not exist. */
  readonly versions: Versions
  /**
   * In the order of the read, null = the document does not exist; with `around`, if all documents exist, one body.
   * Undefined when the caller has `versions`.
   */
  readonly values: readonly (Buffer | null)[] | undefined
}

/** Called once, with the error or the result. Must not throw. */
export type OnRead = (error: unknown, result: ReadResult | undefined) => void
