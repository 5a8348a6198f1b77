import type { Principal } from './principal.ts'

/** Names of people: part of `updated_by`, where `/` divides the service from the person. */
const ACTOR = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@+'-]{0,62}[A-Za-z0-9._@+'-])?$/
export const ACTOR_RULE = "1 to 64 letters, digits, spaces and . _ @ + ' -, beginning with a letter or digit"

/**
 * The caller as the history names it: a service says in X-Actor which person it acts for, `service:ui/alice`. The
 * tokens of users and admins name their person themselves, so their header is not looked at. Undefined = not a name.
 */
export function namedCaller(
  { kind, caller }: Principal,
  header: string | readonly string[] | undefined,
): string | undefined {
  if (kind !== 'service' || header === undefined) return caller
  return ACTOR.test(String(header)) ? `${caller}/${header}` : undefined
}
