import { Type } from '@sinclair/typebox'

/** The query of every write with a dry run: one meaning under two names (query-parameters.ts). */
export const DryRun = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({ description: 'check, and answer what would change; nothing is written' }),
  ),
  preview: Type.Optional(Type.Boolean({ description: 'the same as `dry_run`' })),
})
