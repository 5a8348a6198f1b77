import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { onlyLooks } from '../../auth/principal.ts'
import type { SequenceService } from '../../sequence/service.ts'
import type { Actor } from '../../settings/service.ts'
import { principalOf, userIdOf } from '../caller.ts'
import { SEQUENCE_TEXT } from '../openapi/cache-texts.ts'
import { operation } from '../openapi/operation.ts'
import { enumeration, UserId } from '../openapi/registry.ts'
import { ProblemError } from '../problem-error.ts'

const Count = Type.Object(
  { count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 1 })) },
  { additionalProperties: false, examples: [{ count: 1 }] },
)
const date = Type.String({
  description: "the user's day, YYYYMMDD, by trading.timezone",
  examples: ['20260106'],
})
const Numbers = Type.Object(
  {
    user_id: UserId,
    date,
    sequence: Type.Integer({ description: 'the same as last' }),
    first: Type.Integer(),
    last: Type.Integer(),
    source: enumeration(['redis', 'database']),
    warnings: Type.Optional(
      Type.Array(Type.String(), {
        description: 'problems that an operator should look at; absent = none',
      }),
    ),
  },
  { examples: [{ user_id: '42', date: '20260106', sequence: 42, first: 42, last: 42, source: 'redis' }] },
)
const Last = Type.Object(
  {
    user_id: UserId,
    date,
    sequence: Type.Integer({ description: 'the last number handed out, 0 if none' }),
  },
  { examples: [{ user_id: '42', date: '20260106', sequence: 42 }] },
)
const IdempotencyKey = Type.Optional(
  Type.String({
    description: '1 to 128 characters, new for each order: a retry with it gets the same numbers',
  }),
)
const IDEMPOTENCY_TEXT =
  'A retried POST draws new numbers; with the same Idempotency-Key within 10 minutes it gets the same ones.'

/** Order numbers. */
export function sequenceRoutes(app: FastifyInstance, sequence: SequenceService): void {
  const draw = operation({
    id: 'drawSequence',
    tag: 'Sequence',
    summary: 'Draw order numbers',
    description: `Unique per user and day. ${IDEMPOTENCY_TEXT}\n\n${SEQUENCE_TEXT}`,
    auth: 'user',
    headers: { 'idempotency-key': IdempotencyKey },
    optionalBody: Count,
    responses: { 200: { description: 'The numbers, first to last.', schema: Numbers } },
    errors: ['CONFLICT', 'DATABASE_UNAVAILABLE'],
  })
  app.post<{ Body: { count?: number } | null | undefined }>(
    '/api/user/sequence',
    { schema: draw },
    async request => {
      const key = idempotencyKey(request.headers['idempotency-key'])
      return sequence.draw(drawerOf(request), request.body?.count ?? 1, key)
    },
  )
  const last = operation({
    id: 'lastSequence',
    tag: 'Sequence',
    summary: 'The last number handed out today',
    description: `Creates nobody: 404 to an admin or a service for a user who does not exist.\n\n${SEQUENCE_TEXT}`,
    auth: 'user',
    responses: { 200: { description: 'The number.', schema: Last } },
    errors: ['DATABASE_UNAVAILABLE'],
  })
  app.get('/api/user/sequence', { schema: last }, async request =>
    sequence.last({ ...drawerOf(request), isLooking: onlyLooks(principalOf(request)) }),
  )
}

/** The actor without X-Actor: an order number has no history, and a malformed name must not cost a bot its number. */
function drawerOf(request: FastifyRequest): Actor {
  return { userId: userIdOf(request), caller: principalOf(request).caller }
}

function idempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = String(header)
  if (/^[\x21-\x7e][\x20-\x7e]{0,127}$/.test(key)) return key
  throw new ProblemError('VALIDATION_FAILED', 'Idempotency-Key must have 1 to 128 visible ASCII characters', {
    errors: [{ path: 'Idempotency-Key', message: 'must have 1 to 128 visible ASCII characters' }],
  })
}
