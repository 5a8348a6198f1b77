import type { DocumentRef } from '../consistency/document-rows.ts'
import { DOCUMENTS } from '../documents/catalogue.ts'

/** The admin defaults are a document too; no user can have this id. */
export const DEFAULTS_REF: DocumentRef = { userId: '@admin', kind: 'defaults' }

/** All documents of a user, in the order of DOCUMENTS. */
export function refsOfUser(userId: string): readonly DocumentRef[] {
  return DOCUMENTS.map(({ kind }) => ({ userId, kind }))
}
