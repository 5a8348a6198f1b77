import type { Scope } from '../config.ts'
import { isUserId } from '../documents/user-id.ts'
import { DomainError } from '../errors.ts'

/** Who calls: a service of ours, or a user with a token. */
export interface Principal {
  readonly kind: 'service' | 'admin' | 'user'
  /** Name of the service, or `sub` of the token. */
  readonly id: string
  /** For the history: `42`, `admin:7`, `service:bot`. */
  readonly caller: string
  /** What the token of a service may do. Users and admins have none: their kind decides. */
  readonly scopes?: ReadonlySet<Scope>
  /** Milliseconds since 1970 when the token expires; absent = never. */
  readonly expiresAt?: number
}

/**
 * The user a request acts for. A service or an admin may name any user in X-User-Id; a plain user acts
 * for themselves only. INVALID_USER_ID, USER_REQUIRED, FORBIDDEN.
 */
export function actingUser(principal: Principal, header: string | readonly string[] | undefined): string {
  if (header !== undefined) {
    const named = requireUserId(String(header))
    if (principal.kind === 'user' && named !== principal.id) {
      throw new DomainError('FORBIDDEN', 'a user may act for no other user')
    }
    return named
  }
  if (principal.kind !== 'user') throw new DomainError('USER_REQUIRED')
  return requireUserId(principal.id)
}

/**
 * True when a read of documents must not create a user who does not exist. A user is created by their first read, and by the
 * first read of a service. An admin only looks.
 */
export function isLooking({ kind }: Pick<Principal, 'kind'>, method: string): boolean {
  return kind === 'admin' || (kind === 'service' && method === 'HEAD')
}

/** The same of any other read (comparison, history, events, order numbers): only the users' own tokens create them. */
export function onlyLooks({ kind }: Pick<Principal, 'kind'>): boolean {
  return kind !== 'user'
}

/** INVALID_USER_ID for anything that is no user id. */
export function requireUserId(text: string): string {
  if (isUserId(text)) return text
  throw new DomainError('INVALID_USER_ID', 'a user id has 1 to 64 letters, digits and _ . @ -')
}

/** True when a caller may do what needs the scope; only services are bound by scopes. */
export function hasScope({ scopes }: Principal, scope: Scope): boolean {
  return scopes === undefined || scopes.has(scope)
}

/** FORBIDDEN, naming the scope that the token of a service does not have. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (hasScope(principal, scope)) return
  throw new DomainError('FORBIDDEN', `the token of ${principal.id} lacks the scope ${scope}`)
}

/** FORBIDDEN except for admins, and services with the scope `admin`. */
export function requireAdmin({ kind, scopes }: Principal): void {
  if (kind !== 'admin' && !scopes?.has('admin')) {
    throw new DomainError('FORBIDDEN', 'the admin role is required')
  }
}

/** FORBIDDEN for plain users. */
export function requireAdminOrService({ kind }: Principal): void {
  if (kind === 'user') throw new DomainError('FORBIDDEN', 'the admin role or a service token is required')
}
