/** The response headers of the OpenAPI document. */

const REQUEST_ID = {
  'X-Request-Id': { type: 'string', description: 'id of the request, in the log too', example: 'req-1' },
}

/** On every answer of the API. */
export const ANSWER_HEADERS = REQUEST_ID

/** On a GET with an ETag, and on a write that answers a document. */
export const VERSION_HEADERS = {
  ETag: { type: 'string', description: 'the version, for If-None-Match and If-Match', example: '"7"' },
  'Cache-Control': { type: 'string', description: 'never shared', example: 'private, no-cache' },
}

/** On a GET of settings. */
export const CACHE_HEADERS = {
  ...VERSION_HEADERS,
  'Cache-Status': {
    type: 'string',
    description: 'RFC 9211: hit, fwd=miss, fwd=bypass (degraded or history), or hit with detail=unverified',
    example: 'settings-gateway; hit',
  },
}

export const AGE_HEADER = {
  Age: { type: 'integer', description: 'seconds since the last PUT', example: 2 },
}

/** Problems of these statuses have Retry-After. */
const RETRY_STATUSES = new Set(['429', '503'])

export function problemHeaders(status: string): Readonly<Record<string, object>> {
  if (!RETRY_STATUSES.has(status)) return REQUEST_ID
  const retryAfter = { type: 'integer', description: 'seconds to wait before the next attempt', example: 1 }
  return { ...REQUEST_ID, 'Retry-After': retryAfter }
}
