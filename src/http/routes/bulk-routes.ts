import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { BulkService } from '../../jobs/bulk-service.ts'
import { callerOf } from '../caller.ts'
import { VERSION_HEADERS } from '../openapi/headers.ts'
import { operation } from '../openapi/operation.ts'
import { DryRun } from '../openapi/parameters.ts'
import { Fault } from '../openapi/problem.ts'
import { any, component, enumeration, STORABLE_TEXT, UPDATED_AT, UserId } from '../openapi/registry.ts'
import { ProblemError } from '../problem-error.ts'
import { type DryRunQuery, isDryRun } from '../query-parameters.ts'
import { entityTag, preconditionOf } from '../reads/conditional.ts'
import { WRITE_ERRORS } from './document-routes.ts'

const EXAMPLE = {
  document: 'mode.scalp',
  data: { size: { leverage: 5 } },
  where: ['mode.scalp:size.leverage>10'],
  reason: 'less leverage before the rate decision',
}
const NewBulkChange = Type.Object(
  {
    document: Type.String({ maxLength: 64 }),
    data: Type.Unsafe<unknown>({ type: 'object', description: 'as in a PUT of the document' }),
    where: Type.Optional(
      Type.Array(Type.String({ maxLength: 1_000 }), {
        description: 'conditions as in GET /api/admin/users, all of which must hold; none = all users',
      }),
    ),
    reason: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: STORABLE_TEXT,
      description: 'for the people who look at it later',
    }),
  },
  { additionalProperties: false, examples: [EXAMPLE] },
)
const count = (description: string) => Type.Integer({ minimum: 0, description })
const FIELDS = {
  id: Type.String({ format: 'uuid' }),
  state: enumeration(['running', 'done', 'cancelled', 'failed']),
  document: Type.String({ examples: ['mode.scalp'] }),
  data: Type.Optional(any('as it was sent; absent for one that takes another one back')),
  where: Type.Array(Type.String()),
  reason: Type.String(),
  reverts: Type.Optional(Type.String({ description: 'the bulk change that this one takes back' })),
  created_by: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
  ended_at: Type.Optional(Type.String({ format: 'date-time' })),
  listed: Type.Boolean({ description: 'false while users are being listed: `total` grows until then' }),
  total: count('users'),
  done: count('users who are carried out'),
  unchanged: count('of these, users who had the values already'),
  refused_total: count('users whose documents would have broken a rule'),
  eta_ms: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
    description: 'null while it is not known, 0 when it has ended',
  }),
  failure: Type.Optional(Type.String()),
}
const STARTED = {
  id: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  state: 'running',
  ...EXAMPLE,
  created_by: 'admin:7',
  created_at: UPDATED_AT,
  listed: true,
  total: 1200,
  done: 300,
  unchanged: 12,
  refused_total: 1,
  eta_ms: 900,
}
const BulkChange = component('BulkChange', Type.Object(FIELDS, { examples: [STARTED] }))
const REFUSED = [{ user_id: '42', errors: [{ path: 'size.leverage', message: 'must be <= 125' }] }]
const BulkChangeDetails = component(
  'BulkChangeDetails',
  Type.Object(
    {
      ...FIELDS,
      refused: Type.Array(Type.Object({ user_id: UserId, errors: Type.Array(Fault) }), {
        description: 'the first 100',
      }),
    },
    { examples: [{ ...STARTED, refused: REFUSED }] },
  ),
)
const BulkChanges = component(
  'BulkChanges',
  Type.Object({ bulk_changes: Type.Array(BulkChange) }, { examples: [{ bulk_changes: [STARTED] }] }),
)
const BulkPreview = component(
  'BulkPreview',
  Type.Object(
    {
      applied: Type.Literal(false),
      users: count('users who fit the conditions'),
      changing: count('of these, users with another value in one of the fields'),
      high_risk: count('fields of this risk'),
      medium_risk: count('fields of this risk'),
      low_risk: count('fields of this risk'),
      changes: Type.Array(
        Type.Object({
          document: Type.String(),
          path: Type.String(),
          new: any('what it would become'),
          users: count('users with another value'),
          risk: enumeration(['high', 'medium', 'low']),
          impact: Type.Optional(Type.String()),
          recommendation: Type.Optional(Type.String()),
        }),
      ),
    },
    {
      examples: [
        {
          ...{ applied: false, users: 1200, changing: 1188, high_risk: 0, medium_risk: 0, low_risk: 1 },
          changes: [{ document: 'mode.scalp', path: 'size.leverage', new: 5, users: 1188, risk: 'low' }],
        },
      ],
    },
  ),
)
const Params = Type.Object({ id: Type.String({ description: 'as in the list' }) })
type ById = { Params: { id: string } }

/** Changes of many users, in a scope that admits admins only. */
export function bulkRoutes(app: FastifyInstance, bulk: BulkService): void {
  createRoute(app, bulk)
  const list = operation({
    id: 'listBulkChanges',
    tag: 'Later',
    summary: 'List bulk changes',
    description: 'From PostgreSQL, newest first: those that run and those that ended in the last 30 days.',
    auth: 'admin',
    responses: { 200: { description: 'At most 100.', schema: BulkChanges } },
    errors: ['DATABASE_UNAVAILABLE'],
  })
  app.get('/api/admin/bulk-changes', { schema: list }, async () => bulk.list())
  const get = operation({
    id: 'getBulkChange',
    tag: 'Later',
    summary: 'Watch a bulk change',
    description: 'From PostgreSQL: how far it is, and which users were refused.',
    auth: 'admin',
    params: Params,
    responses: { 200: { description: 'How far it is.', schema: BulkChangeDetails } },
    errors: ['BULK_CHANGE_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  })
  app.get<ById>('/api/admin/bulk-changes/:id', { schema: get }, async request => bulk.get(request.params.id))
  const cancel = operation({
    id: 'cancelBulkChange',
    tag: 'Later',
    summary: 'Cancel a bulk change',
    description:
      'In PostgreSQL: no write begins after it. Users who were changed stay so, unless it is reverted.',
    auth: 'admin',
    params: Params,
    bodyNotNeeded: true,
    responses: { 200: { description: 'How far it came.', schema: BulkChangeDetails } },
    errors: ['BULK_CHANGE_NOT_FOUND', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  })
  app.post<ById>('/api/admin/bulk-changes/:id/cancel', { schema: cancel }, async request =>
    bulk.cancel(request.params.id),
  )
  const revert = operation({
    id: 'revertBulkChange',
    tag: 'Later',
    summary: 'Take a bulk change back',
    description: [
      'Makes another bulk change, stored in PostgreSQL: for each user who was changed, each field that still has the value that',
      'it was given gets the value that it had before.',
    ].join(' '),
    auth: 'admin',
    params: Params,
    bodyNotNeeded: true,
    responses: { 202: { description: 'It runs.', schema: BulkChange } },
    errors: ['BULK_CHANGE_NOT_FOUND', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  })
  app.post<ById>('/api/admin/bulk-changes/:id/revert', { schema: revert }, async (request, reply) =>
    reply.code(202).send(await bulk.revert(callerOf(request), request.params.id)),
  )
}

function createRoute(app: FastifyInstance, bulk: BulkService): void {
  const schema = operation({
    id: 'createBulkChange',
    tag: 'Later',
    summary: 'Change many users at once',
    description: [
      'Stored in PostgreSQL, and carried out by one instance after the other if need be: each user who exists now and fits the',
      'conditions is changed once, as by a PUT of `data`. Bulk changes run one at a time. A dry run counts the users and what would',
      'change, and answers an ETag: with it as If-Match, users whose document was changed since are refused.',
    ].join(' '),
    auth: 'admin',
    querystring: DryRun,
    body: NewBulkChange,
    guarded: true,
    responses: {
      200: {
        description: 'With `dry_run`: what would change.',
        schema: BulkPreview,
        headers: VERSION_HEADERS,
      },
      202: { description: 'It runs.', schema: BulkChange },
    },
    errors: [...WRITE_ERRORS, 'CONFLICT', 'NOT_READY'],
  })
  app.post<{ Body: Static<typeof NewBulkChange>; Querystring: DryRunQuery }>(
    '/api/admin/bulk-changes',
    { schema },
    async (request, reply) => {
      const precondition = preconditionOf(request)
      if (precondition.ifNoneMatch === '*') {
        throw new ProblemError('VERSION_MISMATCH', 'what this address writes has no entity tag')
      }
      if (!isDryRun(request.query)) {
        return reply.code(202).send(await bulk.create(callerOf(request), request.body, precondition))
      }
      const { preview, versions } = await bulk.preview(request.body)
      return reply.header('etag', entityTag(versions)).send(preview)
    },
  )
}
