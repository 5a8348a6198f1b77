import type { SwaggerTransform } from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { ACTOR_RULE } from '../../auth/actor.ts'
import { scopeOf } from '../scopes.ts'

const XActor = Type.Optional(
  Type.String({
    description: `the person for whom a service acts: the history names \`service:ui/alice\`. ${ACTOR_RULE}`,
  }),
)
/** Requests with these scopes may write history entries. */
const IN_HISTORY = new Set(['write', 'admin'])

type DocumentedSchema = FastifySchema & {
  readonly security?: readonly unknown[]
  readonly description?: string
  readonly headers?: { readonly properties?: object }
}

/** Adds to an operation the scope that a service token needs for it, and X-Actor where the history names the caller. */
export const withScope: SwaggerTransform = ({ schema, url, route }) => {
  const documented = schema as DocumentedSchema
  const open = documented?.security?.length === 0
  if (documented?.description === undefined || open || !url.startsWith('/api/')) return { schema, url }
  const method = String(route.method)
  const scope = scopeOf(method, url)
  const named = method !== 'GET' && IN_HISTORY.has(scope)
  return {
    url,
    schema: {
      ...documented,
      description: `${documented.description} A service token needs the scope \`${scope}\`.`,
      ...(named ? { headers: Type.Object({ ...documented.headers?.properties, 'x-actor': XActor }) } : {}),
    },
  }
}
