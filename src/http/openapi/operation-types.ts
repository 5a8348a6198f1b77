import type { TSchema } from '@sinclair/typebox'
import type { ProblemCode } from '../problem-error.ts'

/** Who may call. `user` = anybody authenticated, on their own documents. */
export type Auth = 'none' | 'user' | 'admin-or-service' | 'admin'

interface Success {
  readonly description: string
  readonly schema?: TSchema
  /** Content type; JSON if absent. */
  readonly type?: string
  /** Beyond X-Request-Id, and those of a conditional GET. */
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
  /** Beyond those of `auth`, `conditional` and `guarded`. */
  readonly headers?: Readonly<Record<string, TSchema>>
  /** Documented only: the use case checks it. */
  readonly document?: TSchema
  /** Checked by the route. */
  readonly body?: TSchema
  /** The same, but it may be absent. */
  readonly optionalBody?: TSchema
  /** A write without a body: one that is sent all the same must be JSON, too. */
  readonly bodyNotNeeded?: true
  /** Of the successful answers; undefined = no body. */
  readonly responses: Readonly<Record<number, Success>>
  /** Beyond what follows from the rest, see problem-responses.ts. */
  readonly errors?: readonly ProblemCode[]
  /** A GET with an ETag. */
  readonly conditional?: boolean
  /** A write that honours If-Match and If-None-Match. */
  readonly guarded?: boolean
  /** Answers also while the event loop is late. */
  readonly evenUnderPressure?: true
}
