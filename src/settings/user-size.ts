import { refId } from '../consistency/batch-reader.ts'
import type { PlannedChange } from '../consistency/decision.ts'
import type { Row } from '../consistency/document-rows.ts'
import { DOCUMENTS } from '../documents/catalogue.ts'
import { DomainError } from '../errors.ts'

/**
 * False when the other documents need not be measured: if all documents were as small, they would have half of the limit. So
 * a user's documents have at most one and a half times the limit.
 */
export function needsRoom(changes: readonly PlannedChange[], userBytes: number): boolean {
  const small = userBytes / (2 * DOCUMENTS.length)
  return changes.some(({ data }) => data !== null && Buffer.byteLength(data) > small)
}

/**
 * DOCUMENT_TOO_LARGE when the documents of the user would have more than `userBytes` together, and more than before.
 * `rows`: all of them. One decision cycle reads them all in one answer, and what one user reads delays the others.
 */
export function requireRoom(
  rows: ReadonlyMap<string, Row>,
  changes: readonly PlannedChange[],
  userBytes: number,
): void {
  let before = 0
  for (const { data } of rows.values()) before += Buffer.byteLength(data ?? '')
  let after = before
  for (const { ref, data } of changes) {
    const replaced = rows.size === 0 ? undefined : rows.get(refId(ref))
    after += Buffer.byteLength(data ?? '') - Buffer.byteLength(replaced?.data ?? '')
  }
  if (after <= userBytes || after <= before) return
  throw new DomainError(
    'DOCUMENT_TOO_LARGE',
    `the documents of one user may have ${userBytes} bytes together (USER_DOCUMENTS_BYTES), and would have ${after}`,
  )
}
