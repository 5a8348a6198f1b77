import { kindOf, MODES } from '../../documents/catalogue.ts'
import { decisionBundle, MODES_BUNDLE, SAFETY_BUNDLE } from '../../settings/bundles.ts'
import { documentRead } from '../../settings/document-read.ts'
import type { SettingsRead } from '../../settings/service.ts'
import { DOCUMENT_ROUTES } from '../routes/document-table.ts'

/** A read by its complete address, such as `/api/futures/ginie/modes/scalp`. */
export interface PlainRead {
  readonly url: string
  /** The route's pattern, for metrics. */
  readonly route: string
  readonly read: SettingsRead
}

export const DECISION_URL = '/api/futures/ginie/decision-settings'
export const MODES_URL = '/api/futures/ginie/modes'
export const SAFETY_URL = '/api/futures/ginie/safety-settings'

const PLAIN_BUNDLES: readonly PlainRead[] = [
  { url: DECISION_URL, route: DECISION_URL, read: decisionBundle() },
  ...MODES.map(mode => ({
    url: `${DECISION_URL}?mode=${mode}`,
    route: DECISION_URL,
    read: decisionBundle(mode),
  })),
  { url: MODES_URL, route: MODES_URL, read: MODES_BUNDLE },
  { url: SAFETY_URL, route: SAFETY_URL, read: SAFETY_BUNDLE },
]

const PLAIN_DOCUMENTS: readonly PlainRead[] = DOCUMENT_ROUTES.flatMap(({ url, family, section }) =>
  family.perMode
    ? MODES.map(mode => ({
        url: url.replace(':mode', mode),
        route: url,
        read: documentRead({ kind: kindOf(family, mode) }),
      }))
    : [
        {
          url,
          route: url,
          read: documentRead({ kind: family.family, ...(section === undefined ? {} : { section }) }),
        },
      ],
)

/** The reads that the socket door answers when the request is plain. */
export const PLAIN_READS: readonly PlainRead[] = [...PLAIN_BUNDLES, ...PLAIN_DOCUMENTS]
