import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { ScheduleService } from '../../jobs/schedules.ts'
import { actorOf, lookerOf } from '../caller.ts'
import { FieldChange } from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { Fault } from '../openapi/problem.ts'
import { any, component, enumeration, STORABLE_TEXT, UPDATED_AT } from '../openapi/registry.ts'
import { preconditionOf } from '../reads/conditional.ts'
import { WRITE_ERRORS } from './document-routes.ts'
import { DOCUMENT_ROUTES, type DocumentRoute, documentName, params } from './document-table.ts'

/** RFC 3339 with its zone: a time without one would mean another moment on each machine. */
const TIME_PATTERN = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)$'
const Time = (description: string) =>
  Type.String({ pattern: TIME_PATTERN, description: `${description}; RFC 3339 with its zone` })
const EXAMPLE = {
  at: '2026-01-06T14:00:00Z',
  until: '2026-01-06T15:00:00Z',
  data: { size: { leverage: 3 } },
  note: 'interest rate decision',
}
const NewSchedule = Type.Object(
  {
    at: Time('when it takes effect'),
    until: Type.Optional(Time('when it goes back, field by field')),
    data: Type.Unsafe<unknown>({ type: 'object', description: 'as in a PUT of the document' }),
    note: Type.Optional(Type.String({ maxLength: 500, pattern: STORABLE_TEXT })),
  },
  { additionalProperties: false, examples: [EXAMPLE] },
)
const FIELDS = {
  id: Type.String({ format: 'uuid' }),
  document: Type.String({ examples: ['mode.scalp'] }),
  section: Type.Optional(Type.String()),
  state: enumeration(['waiting', 'active', 'done', 'cancelled', 'refused'], {
    description: '`active`: it has taken effect, and goes back at `until`',
  }),
  at: Type.String({ format: 'date-time' }),
  until: Type.Optional(Type.String({ format: 'date-time' })),
  data: any('as it was sent'),
  note: Type.Optional(Type.String()),
  created_by: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
  ended_at: Type.Optional(Type.String({ format: 'date-time' })),
  version: Type.Optional(Type.Integer({ minimum: 1, description: 'the version that it made at `at`' })),
  errors: Type.Optional(Type.Array(Fault, { description: 'why it was refused when it was due' })),
}
const PLANNED = {
  id: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  document: 'mode.scalp',
  state: 'waiting',
  ...EXAMPLE,
  created_by: 'service:ui/alice',
  created_at: UPDATED_AT,
}
const Schedule = component('Schedule', Type.Object(FIELDS, { examples: [PLANNED] }))
const CreatedSchedule = component(
  'CreatedSchedule',
  Type.Object(
    {
      ...FIELDS,
      changes: Type.Array(FieldChange, { description: 'what it would change now, with the risk' }),
    },
    {
      examples: [
        {
          ...PLANNED,
          changes: [{ document: 'mode.scalp', path: 'size.leverage', current: 10, new: 3, risk: 'low' }],
        },
      ],
    },
  ),
)
const Schedules = component(
  'Schedules',
  Type.Object({ schedules: Type.Array(Schedule) }, { examples: [{ schedules: [PLANNED] }] }),
)
const DESCRIPTION = [
  'Stored in PostgreSQL. Takes effect at `at` (within 2 s, by the clock of PostgreSQL), as a PUT of `data` would then: the',
  'cache has it at once. With `until` it goes back',
  'at that time: each field that still has the scheduled value gets the value that it had before. Checked now, and again',
  'when it is due; a due change that is refused leaves a version without changes (`schedule-refused`) in the history, and so',
  'an event. With If-Match it takes effect only if the document still has that version then.',
].join(' ')

/** Changes of a user's documents that take effect later. */
export function scheduleRoutes(app: FastifyInstance, schedules: ScheduleService): void {
  for (const route of DOCUMENT_ROUTES) createRoute(app, schedules, route)
  const list = operation({
    id: 'listSchedules',
    tag: 'Later',
    summary: 'List scheduled changes',
    description:
      'From PostgreSQL: open ones in the order in which they are due, then those that ended in the last 30 days.',
    auth: 'user',
    responses: { 200: { description: 'At most 200.', schema: Schedules } },
    errors: ['DATABASE_UNAVAILABLE'],
  })
  app.get('/api/user/settings/schedule', { schema: list }, async request => schedules.list(lookerOf(request)))
  const cancel = operation({
    id: 'cancelSchedule',
    tag: 'Later',
    summary: 'Cancel a scheduled change',
    description: 'In PostgreSQL. One that has taken effect stays as it is: it does not go back.',
    auth: 'user',
    params: Type.Object({ id: Type.String({ description: 'as in the list' }) }),
    responses: { 204: { description: 'Cancelled.' } },
    bodyNotNeeded: true,
    errors: ['SCHEDULE_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  })
  app.delete<{ Params: { id: string } }>(
    '/api/user/settings/schedule/:id',
    { schema: cancel },
    async (request, reply) => {
      await schedules.cancel(actorOf(request), request.params.id)
      return reply.code(204).send()
    },
  )
}

function createRoute(app: FastifyInstance, schedules: ScheduleService, route: DocumentRoute): void {
  const schema = operation({
    id: `schedule${documentName(route)}`,
    tag: 'Later',
    summary: `Change later: ${route.title}`,
    description: DESCRIPTION,
    auth: 'user',
    ...params(route.family),
    body: NewSchedule,
    guarded: true,
    responses: { 201: { description: 'Scheduled.', schema: CreatedSchedule } },
    errors: [...WRITE_ERRORS, 'CONFLICT', 'NOT_FOUND'],
  })
  app.post<{ Body: Static<typeof NewSchedule> }>(
    `${route.url}/schedule`,
    { schema },
    async (request, reply) => {
      const [actor, precondition] = [actorOf(request), preconditionOf(request)]
      return reply
        .code(201)
        .send(await schedules.create(actor, route.address(request), request.body, precondition))
    },
  )
}
