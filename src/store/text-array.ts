/** The OID of the type text. */
const TEXT = 25
/** Dimensions, whether there are NULLs, type of the elements, and of the one dimension: length, first index. */
const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const NULL_LENGTH = -1

/**
 * An array of texts in PostgreSQL's binary form (array_recv), which needs no escapes: a document has hundreds of quotes. An empty
 * one has one dimension of length 0.
 */
export function textArray(texts: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES
  for (const text of texts) size += LENGTH_BYTES + (text === null ? 0 : Buffer.byteLength(text))
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeInt32BE(1, 0)
  bytes.writeInt32BE(texts.includes(null) ? 1 : 0, 4)
  bytes.writeInt32BE(TEXT, 8)
  bytes.writeInt32BE(texts.length, 12)
  bytes.writeInt32BE(1, 16)
  let at = HEADER_BYTES
  for (const text of texts) {
    const length = text === null ? NULL_LENGTH : bytes.write(text, at + LENGTH_BYTES)
    bytes.writeInt32BE(length, at)
    at += LENGTH_BYTES + Math.max(length, 0)
  }
  return bytes
}
