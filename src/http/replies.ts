import type { FastifyReply, FastifyRequest } from 'fastify'
import { isKnown, type Versions } from '../consistency/versions.ts'
import type { CacheStatus, DocumentAnswer, ReadAnswer } from '../settings/service.ts'
import { type Condition, entityTag, parseIfNoneMatch } from './conditional.ts'

/** RFC 9211. */
const CACHE_STATUS: Readonly<Record<CacheStatus, string>> = {
  hit: 'settings-gateway; hit',
  'miss-stored': 'settings-gateway; fwd=miss; stored',
  miss: 'settings-gateway; fwd=miss',
  degraded: 'settings-gateway; fwd=bypass; detail=degraded',
  unverified: 'settings-gateway; hit; detail=unverified',
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** The condition of a GET. */
export function ifNoneMatch(request: FastifyRequest): Condition | undefined {
  return parseIfNoneMatch(request.headers['if-none-match'])
}

/** Answers a GET of settings: 304 when the caller has these versions. */
export function sendAnswer(
  reply: FastifyReply,
  answer: ReadAnswer,
  known: Condition | undefined,
): FastifyReply {
  reply.header('cache-status', CACHE_STATUS[answer.status])
  sendVersion(reply, answer.versions)
  if (isKnown(known, answer.versions)) return reply.code(304).send()
  return reply.header('content-type', JSON_TYPE).send(answer.body)
}

/** Answers a write with the new envelope. */
export function sendWritten(reply: FastifyReply, { version, body }: DocumentAnswer): FastifyReply {
  sendVersion(reply, [version])
  return reply.header('content-type', JSON_TYPE).send(body)
}

/** Tags by their list of versions: a read that hits the near cache brings the same list each time. */
const tags = new WeakMap<Versions, string>()

function tagOf(versions: Versions): string {
  let tag = tags.get(versions)
  if (tag === undefined) {
    tag = entityTag(versions)
    tags.set(versions, tag)
  }
  return tag
}

function sendVersion(reply: FastifyReply, versions: Versions): void {
  reply.header('etag', tagOf(versions))
  reply.header('cache-control', 'private, no-cache')
  // Two users may have the same versions.
  reply.header('vary', 'Authorization, X-User-Id')
}
