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
export const SCHEDULES = '/api/user/settings/schedule'

/** The route of a document. The catalogue is not imported: it would bring the schemas of the server along. */
export function routeOf(kind: DocumentKind): string {
  const [family = '', mode] = kind.split('.')
  const route = Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind] : undefined
  if (route !== undefined) return route
  if (!mode || !Object.hasOwn(BY_MODE, family)) throw new TypeError(`there is no document ${kind}`)
  return `${BY_MODE[family]}${encodeURIComponent(mode)}`
}

/** Query parameters behind `?`; undefined and false ones are left out. Empty when none is left. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== false) given.set(name, String(value))
  }
  const text = given.toString()
  return text === '' ? '' : `?${text}`
}

/** A moment as a query parameter. TypeError for a Date that is none. */
export function timeOf(at: Date | string | undefined): string | undefined {
  if (!(at instanceof Date)) return at
  if (Number.isNaN(at.getTime())) throw new TypeError('a moment is an invalid Date')
  return at.toISOString()
}
