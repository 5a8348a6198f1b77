import { ProblemError } from '../errors.ts'
import { isUserId } from './user-id.ts'

/** Who calls: a service of ours, or a user with a token. */
export interface Principal {
  readonly kind: 'service' | 'admin' | 'user'
  /** Name of the service, or `sub` of the token. */
  readonly id: string
  /** For the history: `42`, `admin:7`, `service:bot`. */
  readonly caller: string
  /** Milliseconds since 1970 when the token expires; absent = never. */
  readonly expiresAt?: number
}

/**
 * The user a request acts for. A service or an admin may name any user in X-User-Id; a plain user acts for
 * nobody else. INVALID_USER_ID, USER_REQUIRED, FORBIDDEN.
 */
export function actingUser(principal: Principal, header: string | readonly string[] | undefined): string {
  if (header !== undefined) {
    const named = requireUserId(String(header))
    if (principal.kind === 'user' && named !== principal.id) {
      throw new ProblemError('FORBIDDEN', 'a user may act for nobody else')
    }
    return named
  }
  if (principal.kind === 'service') throw new ProblemError('USER_REQUIRED')
  return requireUserId(principal.id)
}

/** INVALID_USER_ID for anything that is no user id. */
export function requireUserId(text: string): string {
  if (isUserId(text)) return text
  throw new ProblemError('INVALID_USER_ID', 'a user id has 1 to 64 letters, digits and _ . @ -')
}

/** FORBIDDEN for everybody but admins. */
export function requireAdmin({ kind }: Principal): void {
  if (kind !== 'admin') throw new ProblemError('FORBIDDEN', 'the admin role is required')
}

/** FORBIDDEN for plain users. */
export function requireAdminOrService({ kind }: Principal): void {
  if (kind === 'user') throw new ProblemError('FORBIDDEN', 'the admin role or a service token is required')
}
