import { type Static, Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireAdmin, requireUserId } from '../../auth/principal.ts'
import { BUILT_IN_DEFAULTS } from '../../documents/defaults.ts'
import type { AdminDefaultsService, CacheService, DefaultsSource } from '../../settings/admin-service.ts'
import type { PastService } from '../../settings/service.ts'
import { callerOf, principalOf } from '../caller.ts'
import { PAST_TEXT, READ_TEXT, WRITE_TEXT } from '../openapi/cache-texts.ts'
import { DryRunReport, oneOf } from '../openapi/components.ts'
import { VERSION_HEADERS } from '../openapi/headers.ts'
import { operation } from '../openapi/operation.ts'
import { DryRun, PastOfDocument } from '../openapi/parameters.ts'
import { component, UPDATED_AT, Version } from '../openapi/registry.ts'
import { type PastQuery, pointInTime } from '../point-in-time.ts'
import { ProblemError } from '../problem-error.ts'
import { type DryRunQuery, isDryRun } from '../query-parameters.ts'
import { preconditionOf } from '../reads/conditional.ts'
import { passOn, type RouteDoor } from '../reads/route-door.ts'
import { sendWritten } from '../replies.ts'
import { PAST_ERRORS, WRITE_ERRORS } from './document-routes.ts'
import { inspectorRoutes } from './inspector-routes.ts'

const Defaults = component(
  'Defaults',
  Type.Object(
    {
      version: Version,
      updated_at: Type.String({ format: 'date-time' }),
      data: Type.Unsafe({ type: 'object', description: 'the format of default-settings.json' }),
    },
    { examples: [{ version: 1, updated_at: UPDATED_AT, data: BUILT_IN_DEFAULTS }] },
  ),
)
const Source = Type.Object(
  {
    source: Type.Optional(
      Type.Unsafe<'file' | 'user'>({ type: 'string', enum: ['file', 'user'], default: 'file' }),
    ),
    user_id: Type.Optional(
      Type.String({ description: 'the user whose documents are published, with the source `user`' }),
    ),
  },
  { additionalProperties: false, examples: [{ source: 'file' }, { source: 'user', user_id: '42' }] },
)
const SyncReport = Type.Object(
  {
    changed: Type.Boolean(),
    version: Type.Integer(),
    hash: Type.String({ description: 'MD5 (hex) of the data' }),
    changes: Type.Array(Type.Object({ path: Type.String() }, { additionalProperties: true })),
    unused: Type.Optional(
      Type.Array(Type.String(), {
        description: 'sections and modes of the file that the gateway keeps but does not know',
      }),
    ),
  },
  {
    examples: [
      {
        changed: true,
        version: 8,
        hash: '1f3870be274f6c49b3e31a0c6728957f',
        changes: [{ path: 'global_trading.max_usd_allocation', from: 500, to: 1000 }],
      },
    ],
  },
)
export interface AdminRoutesDeps {
  readonly door: RouteDoor
  readonly admin: AdminDefaultsService
  readonly past: PastService
  readonly cache: CacheService
}

/** The admin defaults and the inspector. Every route needs the admin role. */
export function adminRoutes(app: FastifyInstance, { door, admin, past, cache }: AdminRoutesDeps): void {
  app.addHook('preValidation', async request => requireAdmin(principalOf(request)))
  readRoute(app, { door, admin, past })
  writeRoute(app, admin)
  syncRoute(app, admin)
  inspectorRoutes(app, cache)
}

function readRoute(app: FastifyInstance, { door, admin, past }: Omit<AdminRoutesDeps, 'cache'>): void {
  const get = operation({
    id: 'getDefaults',
    tag: 'Admin',
    summary: 'Read the defaults that users start from',
    description: `From \`admin:defaults:all\`; \`admin:defaults:hash\` holds the MD5 of the data. ${READ_TEXT}\n\n${PAST_TEXT}`,
    auth: 'admin',
    querystring: PastOfDocument,
    responses: {
      200: { description: 'The defaults, in the format of default-settings.json.', schema: Defaults },
    },
    errors: ['NOT_READY', 'DATABASE_UNAVAILABLE', ...PAST_ERRORS],
    conditional: true,
  })
  app.get<{ Querystring: PastQuery }>('/api/admin/defaults', { schema: get }, (request, reply) => {
    const when = pointInTime(request.query)
    door.respond(request, reply, (_known, onAnswer) =>
      passOn(when === undefined ? admin.getDefaults() : past.readDefaults(when), onAnswer),
    )
  })
}

function writeRoute(app: FastifyInstance, admin: AdminDefaultsService): void {
  const put = operation({
    id: 'putDefaults',
    tag: 'Admin',
    summary: 'Change the defaults',
    description: `Merged and checked like a document. Users keep what they have.\n\n${WRITE_TEXT}`,
    auth: 'admin',
    querystring: DryRun,
    document: Type.Object(
      {},
      { additionalProperties: true, examples: [{ global_trading: { max_usd_allocation: 1000 } }] },
    ),
    responses: {
      200: {
        description: 'The new version.',
        schema: oneOf(Defaults, DryRunReport),
        headers: VERSION_HEADERS,
      },
    },
    errors: [...WRITE_ERRORS, 'NOT_READY'],
    guarded: true,
  })
  app.put<{ Querystring: DryRunQuery }>('/api/admin/defaults', { schema: put }, async (request, reply) => {
    const precondition = preconditionOf(request)
    const caller = callerOf(request)
    if (isDryRun(request.query)) return admin.previewDefaults(caller, request.body, precondition)
    return sendWritten(reply, await admin.putDefaults(caller, request.body, precondition))
  })
}

function syncRoute(app: FastifyInstance, admin: AdminDefaultsService): void {
  const schema = operation({
    id: 'syncDefaults',
    tag: 'Admin',
    summary: "Publish the file's or a user's settings as the defaults",
    description: [
      '`file` reads DEFAULT_SETTINGS_FILE; `user` publishes the documents of that user. In PostgreSQL first, then in',
      '`admin:defaults:all` and `admin:defaults:hash`; these keys are repaired when nothing changes, too. An invalid file changes',
      'nothing: 422 names every fault.',
    ].join(' '),
    auth: 'admin',
    optionalBody: Source,
    guarded: true,
    responses: { 200: { description: 'What changed.', schema: SyncReport } },
    errors: [
      'INVALID_USER_ID',
      'USER_NOT_FOUND',
      'DEFAULTS_INVALID',
      'DATABASE_UNAVAILABLE',
      'COMMIT_UNKNOWN',
    ],
  })
  app.post<{ Body: Static<typeof Source> | null | undefined }>(
    '/api/admin/sync-defaults',
    { schema },
    async request => admin.syncDefaults(callerOf(request), sourceOf(request.body), preconditionOf(request)),
  )
}

function sourceOf(body: Static<typeof Source> | null | undefined): DefaultsSource {
  const { source = 'file', user_id: userId } = body ?? {}
  if ((source === 'user') === (userId !== undefined)) {
    return userId === undefined ? { source: 'file' } : { source: 'user', userId: requireUserId(userId) }
  }
  const message = userId === undefined ? 'is required' : 'is allowed with the source user only'
  throw new ProblemError('VALIDATION_FAILED', 'the request is not valid', {
    errors: [{ path: 'user_id', message }],
  })
}
