import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireUserId } from '../../auth/principal.ts'
import type { CacheService } from '../../settings/admin-service.ts'
import { operation } from '../openapi/operation.ts'
import { enumeration, UserId } from '../openapi/registry.ts'

const Inspection = Type.Object(
  {
    user_id: UserId,
    redis: enumeration(['up', 'down']),
    node: Type.Optional(
      Type.String({ description: 'only of a Redis Cluster: host:port of the node that has the keys' }),
    ),
    keys: Type.Array(
      Type.Object({
        key: Type.String(),
        document: Type.String(),
        state: enumeration(['value', 'fence', 'missing', 'unknown']),
        version_redis: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
        version_database: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
        size: Type.Integer({ description: 'bytes' }),
      }),
    ),
  },
  {
    examples: [
      {
        user_id: '42',
        redis: 'up',
        keys: [
          {
            key: 'user:42:mode:scalp',
            document: 'mode.scalp',
            state: 'value',
            version_redis: 7,
            version_database: 7,
            size: 3120,
          },
        ],
      },
    ],
  },
)
const UserParams = Type.Object({ user_id: UserId })
const WarmReport = Type.Object(
  { keys: Type.Integer({ description: 'keys that hold a value now' }) },
  { examples: [{ keys: 15 }] },
)

/** A user's keys in Redis beside the rows. Admin only: a hook of the enclosing scope checks the role. */
export function inspectorRoutes(app: FastifyInstance, cache: CacheService): void {
  const inspect = operation({
    id: 'inspectCache',
    tag: 'Admin',
    summary: "A user's Redis keys beside the rows",
    description: [
      'Reads Redis and PostgreSQL and changes nothing. `value`: answered from Redis; `fence`: a write is in progress or',
      'broke off, reads go to PostgreSQL; `missing`: the next read caches it; `unknown`: Redis is not reachable.',
    ].join(' '),
    auth: 'admin',
    params: UserParams,
    responses: { 200: { description: 'Every key of the user.', schema: Inspection } },
    errors: ['USER_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  })
  app.get<{ Params: { user_id: string } }>('/api/admin/cache/:user_id', { schema: inspect }, async request =>
    cache.inspect(requireUserId(request.params.user_id)),
  )
  const warm = operation({
    id: 'warmCache',
    tag: 'Admin',
    summary: 'Put all documents of a user into Redis',
    description: 'Reads all documents of the user once; those that Redis does not hold are cached.',
    auth: 'admin',
    params: UserParams,
    responses: { 200: { description: 'Done.', schema: WarmReport } },
    bodyNotNeeded: true,
    errors: ['USER_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  })
  app.post<{ Params: { user_id: string } }>(
    '/api/admin/cache/:user_id/warm',
    { schema: warm },
    async request => ({
      keys: await cache.warm(requireUserId(request.params.user_id)),
    }),
  )
}
