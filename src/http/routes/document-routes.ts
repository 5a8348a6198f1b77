import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { documentRead } from '../../settings/document-read.ts'
import type { DocumentService } from '../../settings/service.ts'
import { actorOf, lookerOf } from '../caller.ts'
import { PAST_TEXT, READ_TEXT, WRITE_TEXT } from '../openapi/cache-texts.ts'
import { DryRunReport, familyComponents, History, oneOf } from '../openapi/components.ts'
import { VERSION_HEADERS } from '../openapi/headers.ts'
import { operation } from '../openapi/operation.ts'
import { DryRun, MAX_VERSION, PastOfDocument } from '../openapi/parameters.ts'
import { type PastQuery, pointInTime } from '../point-in-time.ts'
import { type DryRunQuery, isDryRun } from '../query-parameters.ts'
import { preconditionOf } from '../reads/conditional.ts'
import type { RouteDoor } from '../reads/route-door.ts'
import { sendWritten } from '../replies.ts'
import { DOCUMENT_ROUTES, type DocumentRoute, documentName, params } from './document-table.ts'

const HistoryQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'entries of one answer' }),
  ),
  before: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_VERSION, description: 'only versions below this one' }),
  ),
})
const Rollback = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: MAX_VERSION }) },
  { additionalProperties: false, examples: [{ version: 3 }] },
)

export interface DocumentRoutesDeps {
  readonly door: RouteDoor
  readonly documents: DocumentService
}

/** GET, PUT, history and rollback of every document. */
export function documentRoutes(app: FastifyInstance, { door, documents }: DocumentRoutesDeps): void {
  for (const route of DOCUMENT_ROUTES) {
    readRoute(app, door, route)
    writeRoute(app, documents, route)
    historyRoutes(app, documents, route)
  }
}

function readRoute(app: FastifyInstance, door: RouteDoor, route: DocumentRoute): void {
  const schema = operation({
    id: `get${documentName(route)}`,
    tag: 'Documents',
    summary: `Read: ${route.title}`,
    description: `${READ_TEXT}\n\n${PAST_TEXT}`,
    auth: 'user',
    ...params(route.family),
    querystring: PastOfDocument,
    responses: { 200: { description: 'The document.', schema: components(route).envelope } },
    errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE', ...PAST_ERRORS],
    conditional: true,
  })
  app.get<{ Querystring: PastQuery }>(route.url, { schema }, (request, reply) =>
    door.answer(request, reply, documentRead(route.address(request)), pointInTime(request.query)),
  )
}

function writeRoute(app: FastifyInstance, documents: DocumentService, route: DocumentRoute): void {
  const schema = operation({
    id: `update${documentName(route)}`,
    tag: 'Documents',
    summary: `Change: ${route.title}`,
    description: [
      'Takes the data, complete or in part: objects are merged, arrays replaced, the result is checked as a whole.',
      'If nothing changes, nothing is written and the version stays.',
      `\n\n${WRITE_TEXT}`,
    ].join(' '),
    auth: 'user',
    ...params(route.family),
    querystring: DryRun,
    document: components(route).patch,
    responses: {
      200: {
        description: 'The new version; with `dry_run` what would change.',
        schema: oneOf(components(route).envelope, DryRunReport),
        headers: VERSION_HEADERS,
      },
    },
    errors: [...WRITE_ERRORS, 'NOT_FOUND'],
    guarded: true,
  })
  app.put<{ Querystring: DryRunQuery }>(route.url, { schema }, async (request, reply) => {
    const precondition = preconditionOf(request)
    if (isDryRun(request.query))
      return documents.previewPut(lookerOf(request), route.address(request), request.body, precondition)
    return sendWritten(
      reply,
      await documents.put(actorOf(request), route.address(request), request.body, precondition),
    )
  })
}

function historyRoutes(app: FastifyInstance, documents: DocumentService, route: DocumentRoute): void {
  const history = operation({
    id: `${documentName(route).replace(/^./, first => first.toLowerCase())}History`,
    tag: 'Documents',
    summary: `History: ${route.title}`,
    description: 'Newest first: who changed what, when and why. Read from PostgreSQL without the cache.',
    auth: 'user',
    ...params(route.family),
    querystring: HistoryQuery,
    responses: { 200: { description: 'The changes.', schema: History } },
    errors: ['VALIDATION_FAILED', 'NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  })
  app.get<{ Querystring: { limit: number; before?: number } }>(
    `${route.url}/history`,
    { schema: history },
    async request => documents.history(lookerOf(request), route.address(request), request.query),
  )
  const rollback = operation({
    id: `rollback${documentName(route)}`,
    tag: 'Documents',
    summary: `Roll back: ${route.title}`,
    description: `The old content becomes the newest version, if it is still valid.\n\n${WRITE_TEXT}`,
    auth: 'user',
    ...params(route.family),
    body: Rollback,
    responses: {
      200: {
        description: 'The new version.',
        schema: components(route).envelope,
        headers: VERSION_HEADERS,
      },
    },
    errors: [...WRITE_ERRORS, 'VERSION_NOT_FOUND', 'HISTORY_PRUNED'],
    guarded: true,
  })
  app.post<{ Body: { version: number } }>(
    `${route.url}/rollback`,
    { schema: rollback },
    async (request, reply) => {
      const actor = actorOf(request)
      const { version } = request.body
      const precondition = preconditionOf(request)
      return sendWritten(
        reply,
        await documents.rollback(actor, route.address(request), version, precondition),
      )
    },
  )
}

/** Problems of a read of what was. */
export const PAST_ERRORS = ['VERSION_NOT_FOUND', 'HISTORY_PRUNED'] as const

/** Problems of every write. */
export const WRITE_ERRORS = [
  'VALIDATION_FAILED',
  'INVALID_JSON',
  'UNSUPPORTED_MEDIA_TYPE',
  'BODY_TOO_LARGE',
  'DOCUMENT_TOO_LARGE',
  'DATABASE_UNAVAILABLE',
  'COMMIT_UNKNOWN',
] as const

function components({ family, section }: DocumentRoute) {
  const all = familyComponents(family)
  return section === undefined ? all : all.sections[section]!
}
