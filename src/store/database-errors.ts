import { DatabaseUnavailableError } from '../consistency/store-port.ts'

/**
 * SQLSTATE classes and codes that speak of the server's state, not of the statement: connection exceptions,
 * insufficient resources, operator intervention (timeouts and shutdown included), system and internal errors,
 * and what a statement meets by bad luck (serialization, deadlock, lock and idle timeouts, a standby).
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58', 'XX'])
const UNAVAILABLE_CODES = new Set(['40001', '40P01', '55P03', '25P03', '25P04', '25006', '55000'])

/**
 * Classes after which it is open whether a COMMIT took place: the connection or the server ended around it. 25 holds
 * the timeouts of transactions, which end the connection.
 */
const OUTCOME_UNKNOWN_CLASSES = new Set(['08', '25', '57', '58', 'XX'])

/** What poolers say when they have lost the server: PgBouncer and Odyssey, PgCat, Supavisor. */
const CONNECTION_LOST_CLASSES = new Set(['08', '58', 'XX'])

/** Codes of sockets that reach no server. */
const REFUSALS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'])

/** DatabaseUnavailableError for anything that says "not now"; the error itself when the statement was at fault. */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof DatabaseUnavailableError) return error
  const state = sqlStateOf(error)
  if (state !== undefined && !UNAVAILABLE_CLASSES.has(state.slice(0, 2)) && !UNAVAILABLE_CODES.has(state)) {
    return error
  }
  // No SQLSTATE: the error came from the socket or from node-postgres itself.
  return new DatabaseUnavailableError(error instanceof Error ? error.message : 'database error', {
    cause: error,
  })
}

/** Does `work`; its errors become those of asUnavailable. */
export async function rejectUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asUnavailable(error)
  }
}

/** True when a COMMIT that failed may have been carried out. */
export function isOutcomeUnknown(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined || OUTCOME_UNKNOWN_CLASSES.has(state.slice(0, 2))
}

/**
 * True when a statement that failed with this error may have been carried out: the error may come from the connection, or a
 * pooler, and not from the statement.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined || CONNECTION_LOST_CLASSES.has(state.slice(0, 2))
}

/**
 * True when the server cannot be reached, ends, starts, or takes no more connections. With other errors it answers, and
 * refuses the statement.
 */
export function isAway(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error
  const state = sqlStateOf(cause)
  return state === undefined || state.startsWith('08') || state.startsWith('57P0') || state === '53300'
}

/** A deadlock or a serialization failure: trying again works. */
export function isConflict(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '40P01' || state === '40001'
}

/** True when the server, or its machine, refused: it is not merely slow. */
export function isRefused(error: unknown): boolean {
  if (sqlStateOf(error) !== undefined) return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && REFUSALS.has(code)
}

/** The server's own error code; undefined for errors of sockets and of node-postgres. */
function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** TLS of a server that is not set up for it, or whose certificate is not trusted. */
const TLS_REFUSALS = /certificate|does not support SSL|SSL\/TLS|wrong version number|unsupported protocol/i

/** True when waiting does not mend why connecting failed: an unknown host, TLS that does not fit. */
export function isUnreachableForGood(error: unknown): boolean {
  if (!(error instanceof Error) || sqlStateOf(error) !== undefined) return false
  const code = 'code' in error ? String(error.code) : ''
  return code === 'ENOTFOUND' || /^ERR_TLS|^ERR_SSL|CERT/.test(code) || TLS_REFUSALS.test(error.message)
}
