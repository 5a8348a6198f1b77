import { DOCUMENTS, FAMILIES } from '../../src/documents/catalogue.ts'
import type { JsonObject } from '../../src/documents/json.ts'

/** What a client reads or writes. */
export interface Target {
  readonly kind: string
  /** '' = the whole document. */
  readonly section: string
  readonly route: string
}

const WHOLE: readonly Target[] = DOCUMENTS.map(({ kind, family, mode }) => {
  const { route } = FAMILIES.find(each => each.family === family)!
  return { kind, section: '', route: route.replace(':mode', mode ?? '') }
})
const SECTIONS: readonly Target[] = FAMILIES.flatMap(({ family, sections = [] }) =>
  sections.map(({ name, route }) => ({ kind: family, section: name, route })),
)

export const READABLE: readonly Target[] = [...WHOLE, ...SECTIONS]
/** Those that have one place for a mark. */
export const WRITABLE: readonly Target[] = READABLE.filter(
  ({ kind, section }) => kind !== 'settings' || section !== '',
)

export const BUNDLE_ROUTE = '/api/futures/ginie/decision-settings'
export const LOAD_DEFAULTS_ROUTE = '/api/user/settings/load-defaults'
export const SEQUENCE_ROUTE = '/api/user/sequence'

/** The envelopes of a decision's bundle by the kinds of their documents. */
export function envelopesOf(bundle: JsonObject): [kind: string, envelope: JsonObject][] {
  return Object.entries(bundle).flatMap(([name, part]): [string, JsonObject][] => {
    if (name === 'user_id') return []
    const family = name === 'modes' ? 'mode' : name
    if (family !== 'mode' && family !== 'safety') return [[family, part as JsonObject]]
    return Object.entries(part as JsonObject).map(([mode, envelope]) => [
      `${family}.${mode}`,
      envelope as JsonObject,
    ])
  })
}
