import type { Versions } from '../../consistency/versions.ts'
import type { AnswerStatus } from '../../settings/service.ts'
import { entityTag } from './conditional.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** Cache-Status by RFC 9211. */
export const CACHE_STATUS: Readonly<Record<AnswerStatus, string>> = {
  hit: 'settings-gateway; hit',
  'miss-stored': 'settings-gateway; fwd=miss; stored',
  miss: 'settings-gateway; fwd=miss',
  degraded: 'settings-gateway; fwd=bypass; detail=degraded',
  unverified: 'settings-gateway; hit; detail=unverified',
  history: 'settings-gateway; fwd=bypass; detail=history',
}

/** The headers of an answer with documents of these versions, by lower-case names. */
export function versionHeaders(versions: Versions): Readonly<Record<string, string>> {
  // `vary`, because two users may have the same versions.
  return {
    etag: entityTag(versions),
    'cache-control': 'private, no-cache',
    vary: 'Authorization, X-User-Id, Origin',
  }
}
