import type { Scope } from '../config.ts'

interface Rule {
  /** Beginning of the route's pattern. */
  readonly path: string
  /** Any if absent. */
  readonly methods?: readonly string[]
  readonly scope: Scope
}

const READS = ['GET', 'HEAD', 'OPTIONS']

/** THE table of what a service token needs for a route: the first rule that fits. */
const RULES: readonly Rule[] = [
  // Finding users is what a UI does that acts for them.
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
