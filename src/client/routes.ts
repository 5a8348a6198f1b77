import type { DocumentKind } from './documents.ts'

const GINIE = '/api/futures/ginie'

/** Families with one document per mode. */
const BY_MODE: Readonly<Record<string, string>> = {
  mode: `${GINIE}/modes/`,
  safety: `${GINIE}/safety-settings/`,
}

const BY_KIND: Readonly<Record<string, string>> = {
  settings: '/api/user/settings',
  'settings.trading': '/api/user/settings/trading',
  'settings.notifications': '/api/user/settings/notifications',
  scalp_reentry: `${GINIE}/scalp-reentry-config`,
  circuit_breaker: '/api/user/global-circuit-breaker',
  capital_allocation: `${GINIE}/capital-allocation`,
  llm_config: `${GINIE}/llm-config`,
}

export const DECISION_SETTINGS = `${GINIE}/decision-settings`
export const MODES = `${GINIE}/modes`
export const SAFETY_SETTINGS = `${GINIE}/safety-settings`

/** The route of a document. The catalogue is not imported: it would bring the schemas of the server along. */
export function routeOf(kind: DocumentKind): string {
  const [family = '', mode] = kind.split('.')
  const route = BY_KIND[kind] ?? (mode === undefined ? undefined : `${BY_MODE[family]}${mode}`)
  if (route === undefined) throw new TypeError(`there is no document ${kind}`)
  return route
}
