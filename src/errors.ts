/** One fault of an input: a dotted path inside the body ('' = the body itself) and what is wrong there. */
export interface Fault {
  readonly path: string
  readonly message: string
}

/** Codes of what the use cases and the authentication refuse. http adds its own (problem-error.ts). */
export type DomainCode =
  | 'VALIDATION_FAILED'
  | 'INVALID_USER_ID'
  | 'USER_REQUIRED'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'USER_NOT_FOUND'
  | 'VERSION_NOT_FOUND'
  | 'SCHEDULE_NOT_FOUND'
  | 'BULK_CHANGE_NOT_FOUND'
  | 'HISTORY_PRUNED'
  | 'CONFLICT'
  | 'VERSION_MISMATCH'
  | 'DOCUMENT_TOO_LARGE'
  | 'DEFAULTS_INVALID'
  | 'STORED_DOCUMENT_INVALID'
  | 'ISSUER_UNAVAILABLE'
  | 'NOT_READY'
  | 'OVERLOADED'

export interface DomainErrorOptions {
  /** All faults of the input, at once. */
  readonly errors?: readonly Fault[]
  /** Facts for the caller, such as `current`, the document that a VERSION_MISMATCH met. Buffers hold JSON. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Seconds after which another try may succeed; undefined = http decides. */
  readonly retryAfterS?: number
  readonly cause?: unknown
}

/** An error that the caller is told of. `message` may be '': the code says it all. `cause` goes to the log only. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: DomainCode
  readonly errors: readonly Fault[] | undefined
  readonly details: Readonly<Record<string, unknown>>
  readonly retryAfterS: number | undefined

  constructor(code: DomainCode, message = '', options: DomainErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.errors = options.errors
    this.details = options.details ?? {}
    this.retryAfterS = options.retryAfterS
  }
}
