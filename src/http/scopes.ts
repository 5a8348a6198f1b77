import type { Scope } from '../config.ts'

interface ScopeRule {
  /** Beginning of the route's pattern. */
  readonly path: string
  /** Any if absent. */
  readonly methods?: readonly string[]
  readonly scope: Scope
}

const READS = ['GET', 'HEAD', 'OPTIONS']

/** The scope that a service token needs for a route, by the first rule that matches. This is the only such table. */
const RULES: readonly ScopeRule[] = [
  // A UI that acts for users must find them.
  { path: '/api/admin/users', methods: READS, scope: 'read' },
  { path: '/api/admin/', scope: 'admin' },
  { path: '/api/users/:id', methods: ['DELETE'], scope: 'admin' },
  { path: '/api/user/sequence', scope: 'sequence' },
  { path: '/api/binance/', scope: 'exchange' },
  { path: '/', methods: READS, scope: 'read' },
  { path: '/', scope: 'write' },
]

/** The scope that a service token needs for a route, by its pattern. */
export function scopeOf(method: string, route: string): Scope {
  const rule = RULES.find(
    ({ path, methods }) => route.startsWith(path) && (methods === undefined || methods.includes(method)),
  )
  return rule?.scope ?? 'write'
}
