import type { Variables } from './variables.ts'

/** What a service token may be bound to; which route needs which is in src/http/scopes.ts. */
export const SCOPES = ['read', 'write', 'sequence', 'exchange', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The scopes of a service without an entry in SERVICE_SCOPES. */
export const DEFAULT_SCOPES: ReadonlySet<Scope> = new Set<Scope>(['read', 'write', 'sequence', 'exchange'])

interface ScopedService {
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
}

/** The services with the scopes of SERVICE_SCOPES; what is wrong there is added to `faults`. */
export function withScopes<T extends ScopedService>(
  services: readonly T[],
  { SERVICE_SCOPES: text }: Variables,
  faults: string[],
): readonly T[] {
  const scopes = new Map<string, ReadonlySet<Scope>>()
  for (const [index, item] of (text?.split(',') ?? []).entries()) {
    const [name, list, ...rest] = item.split('=').map(part => part.trim())
    if (!name || !list || rest.length > 0) {
      faults.push(`SERVICE_SCOPES: entry ${index + 1} must be name=scope+scope, such as bot=read+sequence`)
      continue
    }
    const words = list.split('+').map(word => word.trim())
    for (const word of words.filter(word => !isScope(word))) {
      faults.push(
        `SERVICE_SCOPES: ${JSON.stringify(word)} of ${name} is no scope: they are ${SCOPES.join(', ')}`,
      )
    }
    if (scopes.has(name)) faults.push(`SERVICE_SCOPES: ${name} is there twice`)
    if (!services.some(service => service.name === name)) {
      faults.push(`SERVICE_SCOPES: there is no service ${name} in SERVICE_TOKENS`)
    }
    scopes.set(name, new Set(words.filter(isScope)))
  }
  return services.map(service => ({ ...service, scopes: scopes.get(service.name) ?? service.scopes }))
}

function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}
