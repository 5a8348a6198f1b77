/**
 * The documents of a user: their routes, and where the defaults have them. The gateway's own table is
 * src/documents/catalogue.ts; a test compares the two.
 */

export const MODES = ['ultra', 'scalp', 'swing', 'position']

/** @typedef {{ family: string, title: string, route: string, perMode?: true, places: Readonly<Record<string, string>> }} Family */

/** `places`: fields of the document (`''` = all of it) and where the defaults have them. @type {readonly Family[]} */
export const FAMILIES = [
  {
    family: 'settings',
    title: 'Settings',
    route: 'api/user/settings',
    places: { trading: 'global_trading', notifications: 'notifications', preferences: 'preferences' },
  },
  {
    family: 'mode',
    title: 'Trading mode',
    route: 'api/futures/ginie/modes/:mode',
    perMode: true,
    places: { '': 'mode_configs.{mode}' },
  },
  {
    family: 'scalp_reentry',
    title: 'Scalp re-entry',
    route: 'api/futures/ginie/scalp-reentry-config',
    places: { '': 'scalp_reentry' },
  },
  {
    family: 'circuit_breaker',
    title: 'Global circuit breaker',
    route: 'api/user/global-circuit-breaker',
    places: { '': 'circuit_breaker.global' },
  },
  {
    family: 'capital_allocation',
    title: 'Capital allocation',
    route: 'api/futures/ginie/capital-allocation',
    places: { '': 'capital_allocation' },
  },
  {
    family: 'llm_config',
    title: 'Language model',
    route: 'api/futures/ginie/llm-config',
    places: { '': 'llm_config.global' },
  },
  {
    family: 'safety',
    title: 'Safety settings',
    route: 'api/futures/ginie/safety-settings/:mode',
    perMode: true,
    places: { '': 'safety_settings.{mode}' },
  },
]

/** The kinds of all documents, in the order of a decision. */
export const KINDS = FAMILIES.flatMap(({ family, perMode }) =>
  perMode ? MODES.map(mode => `${family}.${mode}`) : [family],
)

/** @param {string} kind @returns {{ family: Family, mode: string | undefined }} */
export function partsOf(kind) {
  const [name, mode] = kind.split('.')
  const family = FAMILIES.find(each => each.family === name)
  if (family === undefined) throw new Error(`there is no document ${kind}`)
  return { family, mode }
}

/** Where a document is read and changed. @param {string} kind */
export function routeOf(kind) {
  const { family, mode = '' } = partsOf(kind)
  return family.route.replace(':mode', mode)
}

/** `Trading mode: scalp`. @param {string} kind */
export function titleOfKind(kind) {
  if (!KINDS.includes(kind)) return kind
  const { family, mode } = partsOf(kind)
  return mode === undefined ? family.title : `${family.title}: ${mode}`
}
