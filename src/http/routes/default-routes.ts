import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DocumentFamily } from '../../documents/catalogue.ts'
import type { Actor, DefaultsOptions, DefaultsScope, DefaultsService } from '../../settings/service.ts'
import { actorOf, lookerOf } from '../caller.ts'
import { DEFAULTS_TEXT } from '../openapi/cache-texts.ts'
import { ChangeReport, EXAMPLE_CHANGE, FieldChange, Warnings } from '../openapi/components.ts'
import { operation } from '../openapi/operation.ts'
import { DryRun } from '../openapi/parameters.ts'
import { component } from '../openapi/registry.ts'
import { type DryRunQuery, isDryRun } from '../query-parameters.ts'
import { preconditionOf } from '../reads/conditional.ts'
import { WRITE_ERRORS } from './document-routes.ts'
import { DOCUMENT_ROUTES, documentName, params } from './document-table.ts'

const Reset = Type.Object(
  {
    document: Type.String({ maxLength: 64 }),
    path: Type.String({ minLength: 1, description: 'as in the comparison, or as a PUT may name it' }),
  },
  {
    additionalProperties: false,
    examples: [{ document: 'mode.scalp', path: 'confidence.min_confidence' }],
  },
)
const Comparison = component(
  'Comparison',
  Type.Object(
    {
      all_match: Type.Boolean(),
      total_changes: Type.Integer({ minimum: 0 }),
      high_risk: Type.Integer({ minimum: 0 }),
      medium_risk: Type.Integer({ minimum: 0 }),
      low_risk: Type.Integer({ minimum: 0 }),
      documents: Type.Record(Type.String(), Type.Array(FieldChange), { description: 'by kind of document' }),
      warnings: Warnings,
    },
    {
      examples: [
        {
          all_match: false,
          total_changes: 1,
          high_risk: 0,
          medium_risk: 1,
          low_risk: 0,
          documents: { 'mode.scalp': [EXAMPLE_CHANGE] },
        },
      ],
    },
  ),
)

type WithPreview = { Querystring: DryRunQuery }

/** Loading defaults into a user's documents, resetting fields, comparing. */
export function defaultRoutes(app: FastifyInstance, defaults: DefaultsService): void {
  for (const route of DOCUMENT_ROUTES) {
    // POST /api/user/settings/load-defaults loads all documents, see below.
    if (route.url === '/api/user/settings') continue
    const named = { name: documentName(route), title: route.title, family: route.family }
    loadRoute(app, defaults, `${route.url}/load-defaults`, named, request => route.address(request))
  }
  const modes = { name: 'AllMode', title: 'all four modes' }
  loadRoute(app, defaults, '/api/futures/ginie/modes/load-defaults', modes, () => ({ family: 'mode' }))
  const all = { name: 'All', title: 'all documents, in one transaction' }
  loadRoute(app, defaults, '/api/user/settings/load-defaults', all, () => 'all')
  resetRoute(app, defaults)
  comparisonRoute(app, defaults)
}

function loadRoute(
  app: FastifyInstance,
  defaults: DefaultsService,
  url: string,
  {
    name,
    title,
    family,
  }: { readonly name: string; readonly title: string; readonly family?: DocumentFamily },
  scopeOf: (request: FastifyRequest) => DefaultsScope,
): void {
  const schema = operation({
    id: `load${name}Defaults`,
    tag: 'Defaults',
    summary: `Load the defaults: ${title}`,
    description: `The answer lists every field that differs. A preview writes nothing and answers the same.\n\n${DEFAULTS_TEXT}`,
    auth: 'user',
    ...params(family ?? {}),
    querystring: DryRun,
    responses: { 200: { description: 'What changed, or would change.', schema: ChangeReport } },
    bodyNotNeeded: true,
    guarded: true,
    errors: ['DOCUMENT_TOO_LARGE', 'DATABASE_UNAVAILABLE', 'COMMIT_UNKNOWN'],
  })
  app.post<WithPreview>(url, { schema }, async request =>
    defaults.loadDefaults(
      actorOfChange(request as FastifyRequest),
      scopeOf(request as FastifyRequest),
      optionsOf(request as FastifyRequest),
    ),
  )
}

function resetRoute(app: FastifyInstance, defaults: DefaultsService): void {
  const schema = operation({
    id: 'resetField',
    tag: 'Defaults',
    summary: 'Reset one field to its default',
    description: `Or one group of fields. A preview writes nothing and answers the same.\n\n${DEFAULTS_TEXT}`,
    auth: 'user',
    querystring: DryRun,
    body: Reset,
    guarded: true,
    responses: { 200: { description: 'What changed, or would change.', schema: ChangeReport } },
    errors: WRITE_ERRORS,
  })
  app.post<WithPreview & { Body: { document: string; path: string } }>(
    '/api/user/settings/reset',
    { schema },
    async request =>
      defaults.reset(
        actorOfChange(request as FastifyRequest),
        request.body,
        optionsOf(request as FastifyRequest),
      ),
  )
}

function comparisonRoute(app: FastifyInstance, defaults: DefaultsService): void {
  const schema = operation({
    id: 'comparison',
    tag: 'Defaults',
    summary: "How a user's documents differ from the defaults",
    description: [
      'Compares with the cached defaults, never with the file; grouped by document, with the number of changes by risk.',
      'Reads all documents of the user in one round trip to Redis; documents that are missing there are cached.',
    ].join(' '),
    auth: 'user',
    responses: { 200: { description: 'The differences.', schema: Comparison } },
    errors: ['DATABASE_UNAVAILABLE'],
  })
  app.get('/api/user/settings/comparison', { schema }, async request =>
    defaults.comparison(lookerOf(request)),
  )
}

function optionsOf(request: FastifyRequest): DefaultsOptions {
  return { preview: isDryRun(request.query as DryRunQuery), ...preconditionOf(request) }
}

/** The actor of a change, or of a preview, which only looks. */
function actorOfChange(request: FastifyRequest): Actor {
  return isDryRun(request.query as DryRunQuery) ? lookerOf(request) : actorOf(request)
}
