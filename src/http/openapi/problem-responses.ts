import { PROBLEMS, type ProblemCode } from '../problem-error.ts'
import { problemHeaders } from './headers.ts'
import type { Auth, Operation } from './operation-types.ts'
import { Problem } from './problem.ts'

const BODY_ERRORS = ['INVALID_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const
const AUTH_ERRORS: Readonly<Record<Auth, readonly ProblemCode[]>> = {
  none: [],
  user: [
    'UNAUTHORIZED',
    'FORBIDDEN',
    'USER_REQUIRED',
    'INVALID_USER_ID',
    'USER_NOT_FOUND',
    'RATE_LIMITED',
    'ISSUER_UNAVAILABLE',
  ],
  'admin-or-service': ['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'ISSUER_UNAVAILABLE'],
  admin: ['UNAUTHORIZED', 'FORBIDDEN', 'RATE_LIMITED', 'ISSUER_UNAVAILABLE'],
}

/** One response per status, with every problem code of that status. */
export function problemResponses(of: Operation): Record<string, ProblemResponse> {
  const byStatus = Map.groupBy(new Set(codesOf(of)), code => PROBLEMS[code][0])
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        headers: problemHeaders(String(status)),
        description: codes.map(code => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(' '),
        content: { 'application/problem+json': { schema: Problem, example: exampleOf(codes[0]!) } },
      },
    ]),
  )
}

export interface ProblemResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, object>>
  readonly content: Readonly<Record<string, object>>
}

/** The problems that the route names, and those that follow from its authentication, parameters and body. */
function codesOf(of: Operation): ProblemCode[] {
  const params = Object.keys(of.params?.properties ?? {})
  const hasBody = of.document !== undefined || of.body !== undefined || of.optionalBody !== undefined
  return [
    ...AUTH_ERRORS[of.auth],
    ...(of.errors ?? []),
    // A write without an entity tag refuses every precondition (untagged-writes.ts).
    ...(of.guarded || hasBody || of.bodyNotNeeded ? (['VERSION_MISMATCH'] as const) : []),
    ...(params.includes('mode') ? (['NOT_FOUND'] as const) : []),
    // Every route refuses unknown query parameters.
    'VALIDATION_FAILED',
    ...(hasBody || of.bodyNotNeeded ? BODY_ERRORS : []),
    ...(of.evenUnderPressure ? [] : (['OVERLOADED'] as const)),
    'STORED_DOCUMENT_INVALID',
    'INTERNAL_ERROR',
  ]
}

function exampleOf(code: ProblemCode): Record<string, unknown> {
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
