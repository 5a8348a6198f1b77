import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { PROBLEMS, type ProblemCode } from '../../errors.ts'
import { Problem } from './components.ts'

/** Marks a body that the use case checks itself, fault by fault; see app.ts. */
export const CHECKED_BY_SERVICE = 'x-checked-by-service'

/** Marks a body that may be absent. */
export const OPTIONAL_BODY = 'x-optional-body'

/** Whether requests of a route with this schema may come without a body. */
export function needsNoBody(schema: FastifySchema | undefined): boolean {
  return schema?.body === undefined || hasOptionalBody(schema)
}

export function hasOptionalBody(schema: FastifySchema | undefined): boolean {
  return (schema?.body as Record<string, unknown> | undefined)?.[OPTIONAL_BODY] === true
}

/** Who may call. `user` = anybody authenticated, on their own documents. */
type Auth = 'none' | 'user' | 'admin-or-service' | 'admin'

interface Success {
  readonly description: string
  readonly schema?: TSchema
  /** Content type; JSON if absent. */
  readonly type?: string
}

export interface Operation {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly auth: Auth
  readonly params?: TSchema
  readonly querystring?: TSchema
  /** Beyond those of `auth`, `conditional` and `guarded`. */
  readonly headers?: Readonly<Record<string, TSchema>>
  /** Documented only: the use case checks it. */
  readonly document?: TSchema
  /** Checked by the route. */
  readonly body?: TSchema
  /** The same, but it may be absent. */
  readonly optionalBody?: TSchema
  /** Of the successful answers; undefined = no body. */
  readonly responses: Readonly<Record<number, Success>>
  readonly errors?: readonly ProblemCode[]
  /** A GET with an ETag. */
  readonly conditional?: boolean
  /** A write that honours If-Match. */
  readonly guarded?: boolean
}

const AUTH_TEXT: Readonly<Record<Auth, string>> = {
  none: 'No authentication.',
  user: 'A user on their own documents; a service or an admin on those of the user in X-User-Id.',
  'admin-or-service': 'An admin or a service.',
  admin: 'An admin.',
}
const AUTH_ERRORS: Readonly<Record<Auth, readonly ProblemCode[]>> = {
  none: [],
  user: ['UNAUTHORIZED', 'FORBIDDEN', 'USER_REQUIRED', 'INVALID_USER_ID', 'USER_NOT_FOUND', 'RATE_LIMITED'],
  'admin-or-service': ['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'],
  admin: ['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED'],
}

const XUserId = Type.Optional(Type.String({ description: 'the user to act for' }))
const IfNoneMatch = Type.Optional(
  Type.String({ description: 'ETag of what the caller has: 304 if it is current' }),
)
const IfMatch = Type.Optional(Type.String({ description: 'ETag that must be current, else 412' }))

/** Headers of a GET with an ETag. */
const VERSION_HEADERS = {
  ETag: { type: 'string', description: 'the version, for If-None-Match and If-Match', example: '"7"' },
  'Cache-Status': {
    type: 'string',
    description: 'RFC 9211: hit, fwd=miss, fwd=bypass (degraded), or hit with detail=unverified',
    example: 'settings-gateway; hit',
  },
  'Cache-Control': { type: 'string', example: 'private, no-cache' },
}

/** The schema of a route: what Swagger shows and what Fastify checks. */
export function operation(of: Operation): FastifySchema {
  const headers = {
    ...(of.auth === 'user' ? { 'x-user-id': XUserId } : {}),
    ...(of.conditional ? { 'if-none-match': IfNoneMatch } : {}),
    ...(of.guarded ? { 'if-match': IfMatch } : {}),
    ...of.headers,
  }
  const errors: ProblemCode[] = [
    ...AUTH_ERRORS[of.auth],
    ...(of.errors ?? []),
    ...(of.guarded ? (['VERSION_MISMATCH'] as const) : []),
  ]
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
    response: { ...successes(of), ...problems(errors) },
  } as FastifySchema
}

function successes({ responses, conditional }: Operation): Record<string, unknown> {
  const entries = Object.entries(responses).map(([status, { description, schema, type }]) => [
    status,
    schema === undefined
      ? { type: 'null', description }
      : {
          description,
          ...(conditional ? { headers: VERSION_HEADERS } : {}),
          content: { [type ?? 'application/json']: { schema } },
        },
  ])
  if (conditional) entries.push(['304', { type: 'null', description: 'The caller has the current version.' }])
  return Object.fromEntries(entries)
}

/** One response per status, naming every code that comes with it. */
function problems(codes: readonly ProblemCode[]): Record<string, unknown> {
  const byStatus = new Map<number, Set<ProblemCode>>()
  for (const code of [...codes, 'INTERNAL_ERROR'] as const) {
    const [status] = PROBLEMS[code]
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
  }
  return Object.fromEntries(
    [...byStatus].map(([status, set]) => [
      status,
      {
        description: [...set].map(code => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(' '),
        content: {
          'application/problem+json': { schema: Problem, example: problemExample([...set][0]!) },
        },
      },
    ]),
  )
}

function problemExample(code: ProblemCode): Record<string, unknown> {
  const [status, title] = PROBLEMS[code]
  const errors = [{ path: 'confidence.min_confidence', message: 'must be <= 100' }]
  return {
    type: 'about:blank',
    title,
    status,
    detail: title,
    instance: 'req-1',
    code,
    ...(code === 'VALIDATION_FAILED' ? { errors } : {}),
  }
}
