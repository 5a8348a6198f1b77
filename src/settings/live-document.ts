import type { Row } from '../consistency/document-rows.ts'
import type { JsonObject } from '../documents/json.ts'

/** A document that is not deleted: its row, and its data parsed. */
export interface LiveDocument {
  readonly row: Row & { readonly data: string }
  readonly data: JsonObject
}
