import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** 48 random bits, different in every process, so that ids are unique without a random number each. */
const INSTANCE = randomBytes(6).toString('hex')
let count = 0

const WELL_FORMED = /^[A-Za-z0-9._~+/=:-]{1,128}$/

/** The caller's X-Request-Id when it is well-formed, else an id of our own. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && WELL_FORMED.test(given)) return given
  return `${INSTANCE}-${(count++).toString(36)}`
}
