import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireAdmin, requireAdminOrService, requireUserId } from '../../auth/principal.ts'
import { LARGE_LINES_HELD } from '../../transfer/import.ts'
import type { TransferService } from '../../transfer/transfer-service.ts'
import { callerOf, principalOf } from '../caller.ts'
import { operation } from '../openapi/operation.ts'
import { DryRun } from '../openapi/parameters.ts'
import { UserId } from '../openapi/registry.ts'
import { type DryRunQuery, isDryRun } from '../query-parameters.ts'

const NDJSON = 'application/x-ndjson'
const MAX_USERS = 1_000
const DEFAULT_LIMIT = 100

const UserQuery = Type.Object({
  q: Type.Optional(Type.String({ description: 'beginning of the user id', maxLength: 64 })),
  where: Type.Optional(
    Type.Array(Type.String({ maxLength: 512 }), {
      description:
        'conditions on fields that must all hold: `<document>:<path><operator><value>` with =, !=, >, <, >=, <=; a field that no document has, and a value of another type, are refused',
      examples: [['mode.scalp:size.leverage>10']],
    }),
  ),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_USERS,
      default: DEFAULT_LIMIT,
      description: 'users of one page',
    }),
  ),
  cursor: Type.Optional(Type.String({ description: '`next` of the previous page', maxLength: 128 })),
})
interface UserQueryString {
  readonly q?: string
  readonly where?: readonly string[]
  readonly limit?: number
  readonly cursor?: string
}
const Users = Type.Object(
  {
    users: Type.Array(
      Type.Object({
        user_id: UserId,
        created_at: Type.String({ format: 'date-time' }),
        updated_at: Type.String({ format: 'date-time' }),
        documents: Type.Integer({ description: 'how many documents the user has' }),
      }),
    ),
    next: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null on the last page' }),
  },
  {
    examples: [
      {
        users: [
          {
            user_id: '42',
            created_at: '2026-01-06T12:00:00.000Z',
            updated_at: '2026-01-06T12:30:00.000Z',
            documents: 13,
          },
        ],
        next: null,
      },
    ],
  },
)

const ExportLine = Type.String({
  description: 'one line per user, in the order of the ids',
  examples: ['{"user_id":"42","documents":{"mode.scalp":{"enabled":true}},"sequence":{"20260106":42}}\n'],
})
const ImportLine = Type.String({
  description: 'one line per user, as the export writes them; `documents` and `sequence` may be partial',
  examples: ['{"user_id":"42","documents":{"mode.scalp":{"enabled":true}}}\n'],
})
const ImportAnswer = Type.String({
  description:
    'one line per imported line, in order, as soon as it is processed; the last one has `done` and the counts, and `error` when the import ended early',
  examples: [
    '{"line":1,"user_id":"42","status":"updated","changes":2}\n{"done":true,"created":0,"updated":1,"unchanged":0,"refused":0}\n',
  ],
})
const ImportQuery = Type.Object({
  mode: Type.Optional(
    Type.Unsafe<'merge' | 'replace'>({
      type: 'string',
      enum: ['merge', 'replace'],
      default: 'merge',
      description: '`merge` each document of a line into the stored one, or `replace` the stored one with it',
    }),
  ),
  ...DryRun.properties,
})

/** Users: the list, the export, the import. */
export function transferRoutes(app: FastifyInstance, transfer: TransferService): void {
  listRoute(app, transfer)
  exportRoute(app, transfer)
  importRoute(app, transfer)
}

function listRoute(app: FastifyInstance, transfer: TransferService): void {
  const schema = operation({
    id: 'listUsers',
    tag: 'Users',
    summary: 'Find users by id or by value',
    description: [
      'Read from PostgreSQL without the cache. A page of conditions that few users meet may hold fewer users than `limit`, even none,',
      'because a page takes a fraction of a second, however many users there are: go on while `next` is not null. The leverage of',
      'a mode (`size.leverage`) has an index, so a search for it looks at all users at once.',
    ].join(' '),
    auth: 'admin-or-service',
    querystring: UserQuery,
    responses: { 200: { description: 'A page of users, in the order of their ids.', schema: Users } },
    errors: ['DATABASE_UNAVAILABLE'],
  })
  app.get<{ Querystring: UserQueryString }>(
    '/api/admin/users',
    { schema, onRequest: async request => requireAdminOrService(principalOf(request)) },
    async ({ query: { q = '', where = [], limit = DEFAULT_LIMIT, cursor } }) =>
      transfer.listUsers({ prefix: q, where, limit, cursor }),
  )
}

function exportRoute(app: FastifyInstance, transfer: TransferService): void {
  const schema = operation({
    id: 'exportUsers',
    tag: 'Users',
    summary: 'Export users as NDJSON',
    description: 'Streamed from PostgreSQL as fast as the caller reads; all data of a user is of one moment.',
    auth: 'admin',
    querystring: Type.Object({ user_id: Type.Optional(UserId) }),
    responses: { 200: { description: 'Every user, or the one named.', schema: ExportLine, type: NDJSON } },
    errors: ['INVALID_USER_ID', 'DATABASE_UNAVAILABLE'],
  })
  app.get<{ Querystring: { user_id?: string } }>(
    '/api/admin/export',
    { schema, onRequest: async request => requireAdmin(principalOf(request)) },
    async ({ method, query: { user_id: only } }, reply) => {
      const userId = only === undefined ? undefined : requireUserId(only)
      // Fastify would read the whole export and discard it.
      if (method === 'HEAD') return reply.type(NDJSON).send(Readable.from([]))
      const lines = transfer.exportUsers(userId)
      // Reads the first line before the headers are sent, so that an outage is a problem and not a broken answer.
      const first = await lines.next()
      return reply.type(NDJSON).send(Readable.from(first.done ? [] : prepend(first.value, lines)))
    },
  )
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}

function importRoute(app: FastifyInstance, transfer: TransferService): void {
  const schema = {
    ...operation({
      id: 'importUsers',
      tag: 'Users',
      summary: 'Import users from NDJSON',
      description: [
        'Each line is one transaction, checked like a PUT, with the history reason `import`; a refused line changes',
        'nothing and does not stop the others. `sequence` raises counters and never lowers them. Sending the same lines',
        'again changes nothing. Written through the cache, like a PUT. The time limit of requests applies: send large',
        'files in parts.',
      ].join(' '),
      auth: 'admin',
      querystring: ImportQuery,
      document: ImportLine,
      responses: { 200: { description: 'The outcome of each line.', schema: ImportAnswer, type: NDJSON } },
      errors: ['NOT_READY'],
    }),
    consumes: [NDJSON],
  }
  const { bodyLimit = 0 } = app.initialConfig
  app.register(async scope => {
    // This body alone is a stream: its lines are read one after the other, each with a limit of its own.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload))
    scope.post<{ Querystring: { mode?: 'merge' | 'replace' } & DryRunQuery; Body: Readable | undefined }>(
      '/api/admin/import',
      {
        schema,
        config: { heldBodyBytes: LARGE_LINES_HELD * bodyLimit },
        onRequest: async request => requireAdmin(principalOf(request)),
      },
      async (request, reply) => {
        const options = {
          caller: callerOf(request),
          mode: request.query.mode ?? 'merge',
          dryRun: isDryRun(request.query),
        }
        const outcomes = transfer.importUsers(request.body ?? Readable.from([]), options)
        return reply.type(NDJSON).send(Readable.from(asLines(outcomes)))
      },
    )
  })
}

async function* asLines(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`
}
