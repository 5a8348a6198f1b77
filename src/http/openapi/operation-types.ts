import type { TSchema } from '@sinclair/typebox'
import type { ProblemCode } from '../problem-error.ts'

/** Who may call. `user` = every authenticated caller, for the documents of the user they act for. */
export type Auth = 'none' | 'user' | 'admin-or-service' | 'admin'

interface Success {
  readonly description: string
  readonly schema?: TSchema
  /** Content type; JSON if absent. */
  readonly type?: string
  /** Headers besides X-Request-Id and those of a conditional GET. */
  readonly headers?: Readonly<Record<string, object>>
}

export interface Operation {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly auth: Auth
  readonly params?: TSchema
  readonly querystring?: TSchema
  /** Headers besides those of `auth`, `conditional` and `guarded`. */
  readonly headers?: Readonly<Record<string, TSchema>>
  /** A body that the use case validates; Fastify only documents it. */
  readonly document?: TSchema
  /** A body that Fastify validates. */
  readonly body?: TSchema
  /** A body that Fastify validates and that may be absent. */
  readonly optionalBody?: TSchema
  /** A write that takes no body; an empty one or `{}` is none, see unwanted-bodies.ts. */
  readonly bodyNotNeeded?: true
  /** The successful answers by status. */
  readonly responses: Readonly<Record<number, Success>>
  /** Problems besides those that follow from the other fields, see problem-responses.ts. */
  readonly errors?: readonly ProblemCode[]
  /** A GET with an ETag. */
  readonly conditional?: boolean
  /** A write that honours If-Match and If-None-Match. */
  readonly guarded?: boolean
  /** The route answers even while the event loop is late. */
  readonly evenUnderPressure?: true
}
