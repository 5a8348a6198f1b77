/** Response headers of the document, by what brings them. */

const REQUEST_ID = {
  'X-Request-Id': { type: 'string', description: 'id of the request, in the log too', example: 'req-1' },
}

/** Every answer of the API. */
export const ANSWER_HEADERS = REQUEST_ID

/** A GET with an ETag, and a write that answers a document. */
export const VERSION_HEADERS = {
  ETag: { type: 'string', description: 'the version, for If-None-Match and If-Match', example: '"7"' },
  'Cache-Control': { type: 'string', description: 'never shared', example: 'private, no-cache' },
}

/** A GET that says where its answer came from. */
export const CACHE_HEADERS = {
  ...VERSION_HEADERS,
  'Cache-Status': {
    type: 'string',
    description: 'RFC 9211: hit, fwd=miss, fwd=bypass (degraded), or hit with detail=unverified',
    example: 'settings-gateway; hit',
  },
}

export const AGE_HEADER = {
  Age: { type: 'integer', description: 'seconds since they were put', example: 2 },
}

/** Problems of these statuses say when to come back. */
const RETRY_STATUSES = new Set(['429', '503'])

export function problemHeaders(status: string): Readonly<Record<string, object>> {
  if (!RETRY_STATUSES.has(status)) return REQUEST_ID
  const retryAfter = { type: 'integer', description: 'seconds to wait before the next attempt', example: 1 }
  return { ...REQUEST_ID, 'Retry-After': retryAfter }
}
