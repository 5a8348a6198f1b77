import type { DocumentRef } from '../consistency/ports.ts'

/** The admin defaults are a document too; no user can have this id. */
export const DEFAULTS_REF: DocumentRef = { userId: '@admin', kind: 'defaults' }
