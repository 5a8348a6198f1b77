import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { requireAdmin, requireAdminOrService, requireUserId } from '../../auth/principal.ts'
import type { UserService } from '../../settings/admin-service.ts'
import { callerOf, principalOf } from '../caller.ts'
import { operation } from '../openapi/operation.ts'
import { UserId } from '../openapi/registry.ts'
import { preconditionOf } from '../reads/conditional.ts'

const NewUser = Type.Object(
  { user_id: Type.String({ description: 'see X-User-Id' }) },
  { additionalProperties: false, examples: [{ user_id: '42' }] },
)
const Creation = Type.Object(
  { user_id: UserId, created: Type.Boolean() },
  { examples: [{ user_id: '42', created: true }] },
)

/** Creating and deleting users. */
export function userRoutes(app: FastifyInstance, users: UserService): void {
  const create = operation({
    id: 'createUser',
    tag: 'Users',
    summary: 'Create a user from the cached defaults',
    description:
      'Creates all documents in one transaction; they are in Redis before the answer. Nothing changes when the user exists.',
    auth: 'admin-or-service',
    body: NewUser,
    guarded: true,
    responses: {
      200: { description: 'The user exists already.', schema: Creation },
      201: { description: 'Created.', schema: Creation },
    },
    errors: ['INVALID_USER_ID', 'DATABASE_UNAVAILABLE', 'COMMIT_UNKNOWN'],
  })
  app.post<{ Body: { user_id: string } }>(
    '/api/users',
    { schema: create, preValidation: async request => requireAdminOrService(principalOf(request)) },
    async (request, reply) => {
      const userId = requireUserId(request.body.user_id)
      const created = await users.createUser(callerOf(request), userId, preconditionOf(request))
      return reply.code(created ? 201 : 200).send({ user_id: userId, created })
    },
  )
  const remove = operation({
    id: 'deleteUser',
    tag: 'Users',
    summary: 'Delete a user, all documents and their keys',
    description:
      'Deletes in PostgreSQL first, behind fences in Redis, then the keys. Versions never restart if the user is created again.',
    auth: 'admin',
    params: Type.Object({ id: UserId }),
    responses: { 204: { description: 'Deleted.' } },
    bodyNotNeeded: true,
    guarded: true,
    errors: ['USER_NOT_FOUND', 'DATABASE_UNAVAILABLE', 'COMMIT_UNKNOWN'],
  })
  app.delete<{ Params: { id: string } }>(
    '/api/users/:id',
    { schema: remove, preValidation: async request => requireAdmin(principalOf(request)) },
    async (request, reply) => {
      const userId = requireUserId(request.params.id)
      await users.deleteUser(callerOf(request), userId, preconditionOf(request))
      return reply.code(204).send()
    },
  )
}
