/** The parts of an error that are logged: never the connections and commands that clients of PostgreSQL and Redis attach. */
export interface LoggedError extends Record<string, unknown> {
  readonly type: string
  readonly message: string
  readonly code?: string
  /** Where PostgreSQL was: the function and its line. */
  readonly where?: string
  readonly stack: string
  readonly cause?: LoggedError
}

/** Deeper causes say nothing new. */
const MAX_CAUSES = 3

/** A serializer for pino, whose own one takes over all properties. */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: '' }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  const where = 'where' in error && typeof error.where === 'string' ? { where: error.where } : {}
  const cause =
    error.cause === undefined || depth >= MAX_CAUSES ? {} : { cause: loggedError(error.cause, depth + 1) }
  return { type: error.name, message: error.message, ...code, ...where, stack: error.stack ?? '', ...cause }
}

/** The cause of a lost connection, in a line: `terminating connection due to administrator command (57P01)`. */
export function inOneLine(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `${error.message.split('\n').join(' ')}${code}`
}
