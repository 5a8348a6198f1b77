import { Type } from '@sinclair/typebox'

/** The query of every write with a dry run: one meaning under two names (query-parameters.ts). */
export const DryRun = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({ description: 'check, and answer what would change; nothing is written' }),
  ),
  preview: Type.Optional(Type.Boolean({ description: 'the same as `dry_run`' })),
})

/** Versions are int8 in PostgreSQL, but JSON numbers beyond this are not exact. */
export const MAX_VERSION = Number.MAX_SAFE_INTEGER

const At = Type.Optional(
  Type.String({
    format: 'date-time',
    // Not an example: Swagger UI would send it with each request that is tried out.
    description:
      'as it was at this moment (RFC 3339, such as 2026-01-06T12:00:00Z; `+` of an offset is sent as `%2B`)',
  }),
)

/** The query of a GET of several documents: now, or at a moment. */
export const PastOfBundle = Type.Object({ at: At })

/** The query of a GET of one document: now, one of its versions, or at a moment (point-in-time.ts). */
export const PastOfDocument = Type.Object({
  version: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_VERSION,
      description: 'as it was in this version; not together with `at`',
    }),
  ),
  at: At,
})
