import type { InjectOptions } from 'fastify'
import { SERVICE } from '../helper/gateway.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'
import { bodyOf, type Operation, urlOf } from './api-document.ts'

/** BODY_LIMIT_BYTES of a gateway that is to refuse the body that is too large. */
export const BODY_LIMIT = 65_536
/** Callers who may do everything for user 42. */
export const CALLERS = { service: { ...SERVICE, 'x-user-id': '42' }, admin: { ...ADMIN, 'x-user-id': '42' } }

const WRONG_QUERY = 'limit=x&before=x&mode=x&preview=x&dry_run=x&version=x&at=x'
const json = (payload: string): Mistake => ({ payload, headers: { 'content-type': 'application/json' } })
const withKey = (count: number): Mistake => ({
  payload: JSON.stringify({ count }),
  headers: { 'idempotency-key': 'the same', 'content-type': 'application/json' },
})

interface Mistake {
  readonly payload?: string
  /** Beside those of the callers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of those of the callers. */
  readonly only?: Readonly<Record<string, string>>
  readonly url?: string
}

/** Ways to get any request wrong. */
const MISTAKES: Readonly<Record<string, (operation: Operation) => Mistake>> = {
  'no token': () => ({ only: {} }),
  'a wrong token': () => ({ only: { authorization: 'Bearer nonsense' } }),
  'a user, where that is not enough': () => ({ only: bearer('42') }),
  'another user': () => ({ only: { ...bearer('42'), 'x-user-id': '43' } }),
  'a service for nobody': () => ({ only: SERVICE }),
  'a service for what is no user id': () => ({ only: { ...SERVICE, 'x-user-id': '!' } }),
  'an unknown user': () => ({ only: { ...SERVICE, 'x-user-id': 'unknown' } }),
  'an unknown user in the path': operation => ({
    url: urlOf(operation, { id: 'unknown', user_id: 'unknown' }),
  }),
  'no user id in the path': operation => ({ url: urlOf(operation, { id: '!', user_id: '!' }) }),
  'an unknown mode': operation => ({ url: urlOf(operation, { mode: 'nonsense' }) }),
  'a wrong query': operation => ({ url: `${urlOf(operation)}?${WRONG_QUERY}` }),
  'a version that never was': operation => ({ url: `${urlOf(operation)}?version=999` }),
  'a moment before everything': operation => ({ url: `${urlOf(operation)}?at=1999-01-01T00:00:00Z` }),
  'another version': () => ({ headers: { 'if-match': '"999"' } }),
  'a precondition that is none': () => ({ headers: { 'if-match': 'nonsense' } }),
  'a key that is too long': () => ({ headers: { 'idempotency-key': 'x'.repeat(129) } }),
  'a key used for one thing': () => withKey(1),
  'and again for another': () => withKey(2),
  'another content type': () => ({ payload: 'text', headers: { 'content-type': 'text/plain' } }),
  'no JSON': () => json('{'),
  'an empty body': () => json(''),
  'null for a body': () => json('null'),
  'an array for a body': () => json('[]'),
  'unknown fields': () => json('{"nonsense":1,"version":999}'),
  'a version that does not exist': () => json('{"version":999}'),
  'no user id in the body': () => json('{"source":"user","user_id":"!"}'),
  'no user id for a new user': () => json('{"user_id":"!"}'),
  'an unknown user in the body': () => json('{"source":"user","user_id":"unknown"}'),
  'a body that is too large': () => json(JSON.stringify('x'.repeat(BODY_LIMIT))),
}

/** Every mistake in every way, and the request as it should be, `no mistake`. */
export function* requestsOf(operation: Operation): Generator<{ mistake: string; request: InjectOptions }> {
  const { method } = operation
  for (const [mistake, of] of [['no mistake', () => ({})] as const, ...Object.entries(MISTAKES)]) {
    const { headers, only, ...rest }: Mistake = of(operation)
    for (const caller of only === undefined ? Object.values(CALLERS) : [only]) {
      const body = 'payload' in rest ? {} : bodyOf(operation)
      const request = { method, url: urlOf(operation), ...body, ...rest, headers: { ...caller, ...headers } }
      yield { mistake, request }
    }
  }
}
