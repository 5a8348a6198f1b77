import type { Versions } from './versions.ts'

/** How a read was answered; http renders it as Cache-Status (RFC 9211). */
export type ReadStatus = 'hit' | 'miss-stored' | 'miss' | 'degraded' | 'unverified'

export interface ReadResult {
  readonly status: ReadStatus
  /** In the order asked for; 0 = the document does not exist. */
  readonly versions: Versions
  /**
   * In the order asked for, null = the document does not exist; with `around`, and all documents there, the one body.
   * Undefined when the caller knows `versions`.
   */
  readonly values: readonly (Buffer | null)[] | undefined
}

/** Is told why there is no answer, or the answer; once. Must not throw. */
export type OnRead = (error: unknown, result: ReadResult | undefined) => void
