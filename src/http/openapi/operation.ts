import { Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { ANSWER_HEADERS, CACHE_HEADERS } from './headers.ts'
import type { Auth, Operation } from './operation-types.ts'
import { problemResponses } from './problem-responses.ts'

/** Marks a body that the use case validates, so that it can report every fault; see validation.ts. */
export const CHECKED_BY_SERVICE = 'x-checked-by-service'

/** Marks a body that may be absent. */
export const OPTIONAL_BODY = 'x-optional-body'

/** True when requests of a route with this schema may have no body. */
export function needsNoBody(schema: FastifySchema | undefined): boolean {
  return schema?.body === undefined || hasOptionalBody(schema)
}

function hasOptionalBody(schema: FastifySchema | undefined): boolean {
  return (schema?.body as Record<string, unknown> | undefined)?.[OPTIONAL_BODY] === true
}

const AUTH_TEXT: Readonly<Record<Auth, string>> = {
  none: 'No authentication.',
  user: 'A user for their own documents; a service or an admin for those of the user in X-User-Id.',
  'admin-or-service': 'An admin or a service.',
  admin: 'An admin.',
}

const XUserId = Type.Optional(Type.String({ description: 'the user to act for' }))
const IfNoneMatch = Type.Optional(
  Type.String({ description: 'ETag of the version that the caller has: 304 if it is current' }),
)
const IfMatch = Type.Optional(
  Type.String({
    description:
      'ETag that must be current, else 412; for several documents the ETag of the GET that answers all of them',
  }),
)
const IfNoneMatchOfWrite = Type.Optional(
  Type.String({ description: '`*`, or ETags that must not be current, else 412' }),
)

/** The schema of a route: what Swagger shows and what Fastify checks. */
export function operation(of: Operation): FastifySchema {
  const headers = {
    ...(of.auth === 'user' ? { 'x-user-id': XUserId } : {}),
    ...(of.conditional ? { 'if-none-match': IfNoneMatch } : {}),
    ...(of.guarded ? { 'if-match': IfMatch, 'if-none-match': IfNoneMatchOfWrite } : {}),
    ...of.headers,
  }
  return {
    operationId: of.id,
    tags: [of.tag],
    summary: of.summary,
    description: [of.description, AUTH_TEXT[of.auth]].filter(Boolean).join('\n\n'),
    ...(of.auth === 'none' ? { security: [] } : {}),
    ...(of.params ? { params: of.params } : {}),
    ...(of.querystring ? { querystring: of.querystring } : {}),
    ...(Object.keys(headers).length > 0 ? { headers: Type.Object(headers) } : {}),
    ...(of.document ? { body: { ...of.document, [CHECKED_BY_SERVICE]: true } } : {}),
    ...(of.body ? { body: of.body } : {}),
    ...(of.optionalBody ? { body: { ...of.optionalBody, [OPTIONAL_BODY]: true } } : {}),
    response: responses(of),
  } as FastifySchema
}

/** The responses by status. A status that is an answer and a problem, such as the 503 of /health, has both contents. */
function responses(of: Operation): Record<string, unknown> {
  const all: Record<string, unknown> = successes(of)
  for (const [status, problem] of Object.entries(problemResponses(of))) {
    const answer = all[status] as typeof problem | undefined
    all[status] =
      answer === undefined
        ? problem
        : {
            description: `${answer.description} Or a problem: ${problem.description}`,
            headers: { ...answer.headers, ...problem.headers },
            content: { ...answer.content, ...problem.content },
          }
  }
  return all
}

function successes({ responses, conditional, auth }: Operation): Record<string, unknown> {
  const always = { ...(auth === 'none' ? {} : ANSWER_HEADERS), ...(conditional ? CACHE_HEADERS : {}) }
  const entries = Object.entries(responses).map(([status, { description, schema, type, headers }]) => {
    const all = { ...always, ...headers }
    const described = { description, ...(Object.keys(all).length > 0 ? { headers: all } : {}) }
    return [
      status,
      schema === undefined
        ? { type: 'null', ...described }
        : { ...described, content: { [type ?? 'application/json']: { schema } } },
    ]
  })
  if (conditional) {
    const description = 'The caller has the current version.'
    entries.push(['304', { type: 'null', description, headers: always }])
  }
  return Object.fromEntries(entries)
}
