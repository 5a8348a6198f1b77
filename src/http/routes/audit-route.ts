import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireUserId } from '../../auth/principal.ts'
import type { AuditService } from '../../settings/audit.ts'
import { HistoryEntry } from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { component, UPDATED_AT } from '../openapi/registry.ts'
import { momentOf } from '../point-in-time.ts'

const DEFAULT_LIMIT = 50
/** Of the admin defaults. */
const DEFAULTS_OWNER = '@admin'

const AuditQuery = Type.Object({
  user_id: Type.Optional(
    Type.String({ description: 'only changes of this user; `@admin`: of the admin defaults', maxLength: 64 }),
  ),
  updated_by: Type.Optional(
    Type.String({
      description: 'only changes of this caller, as the history names it',
      maxLength: 256,
      examples: ['service:ui/alice'],
    }),
  ),
  reason: Type.Optional(
    Type.String({ description: 'only changes for this reason; `delete`: deleted users', maxLength: 64 }),
  ),
  from: Type.Optional(
    Type.String({ format: 'date-time', description: 'not before this moment', examples: [UPDATED_AT] }),
  ),
  until: Type.Optional(
    Type.String({ format: 'date-time', description: 'before this moment', examples: [UPDATED_AT] }),
  ),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 200,
      default: DEFAULT_LIMIT,
      description: 'changes of one page',
    }),
  ),
  cursor: Type.Optional(Type.String({ description: '`next` of the previous page', maxLength: 512 })),
})

const Audit = component(
  'Audit',
  Type.Object(
    {
      entries: Type.Array(
        Type.Intersect([
          Type.Object({
            user_id: Type.String({ description: '`@admin`: the admin defaults' }),
            document: Type.String({ description: 'its kind, such as `mode.scalp`' }),
          }),
          HistoryEntry,
        ]),
      ),
      next: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null on the last page' }),
    },
    {
      examples: [
        {
          entries: [
            {
              user_id: '42',
              document: 'mode.scalp',
              version: 2,
              updated_at: UPDATED_AT,
              updated_by: 'service:ui/alice',
              reason: 'put',
              changes: [{ path: 'size.leverage', from: 5, to: 10 }],
            },
          ],
          next: null,
        },
      ],
    },
  ),
)

/** The history of all users. The scope that it is registered in requires the admin role. */
export function auditRoute(app: FastifyInstance, audit: AuditService): void {
  const schema = operation({
    id: 'audit',
    tag: 'Admin',
    summary: 'Who changed what of whom, when and why',
    description: [
      'The changes of all users and of the admin defaults, newest first, read from PostgreSQL. A page of a filter that',
      'seldom matches may hold fewer changes than `limit`, even none: go on while `next` is not null. Of a deleted user',
      'only the deletion is left, with the reason `delete`, until the user is created again.',
    ].join(' '),
    auth: 'admin',
    querystring: AuditQuery,
    responses: { 200: { description: 'A page of changes.', schema: Audit } },
    errors: ['INVALID_USER_ID', 'DATABASE_UNAVAILABLE'],
  })
  app.get<{ Querystring: Static<typeof AuditQuery> }>('/api/admin/audit', { schema }, async ({ query }) => {
    const {
      user_id: userId,
      updated_by: updatedBy,
      reason,
      from,
      until,
      limit = DEFAULT_LIMIT,
      cursor,
    } = query
    const filter = {
      userId: userId === undefined || userId === DEFAULTS_OWNER ? userId : requireUserId(userId),
      updatedBy,
      reason,
      from: from === undefined ? undefined : momentOf('from', from),
      until: until === undefined ? undefined : momentOf('until', until),
    }
    return audit.list(filter, limit, cursor)
  })
}
