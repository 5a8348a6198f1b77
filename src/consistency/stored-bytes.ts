/** What a document key holds: a value (the envelope a GET answers), a fence, or something that is neither. */
export type StoredHead =
  | { readonly type: 'value'; readonly version: number }
  | { readonly type: 'fence'; readonly min: number; readonly nonce: string }
  | { readonly type: 'unknown' }

const VALUE_START = '{"version":'
const CLOSING_BRACE = 0x7d
/** Longest head: `{"fence":<16 digits>,"nonce":"<16 hex>"}` has 53 bytes. */
const HEAD_BYTES = 64

/** Whether the bytes are a whole value, by their first and last bytes: no parsing on the read path. */
export function isValue(bytes: Buffer | null): bytes is Buffer {
  return (
    bytes !== null &&
    bytes.length > VALUE_START.length &&
    bytes[bytes.length - 1] === CLOSING_BRACE &&
    bytes.toString('latin1', 0, VALUE_START.length) === VALUE_START
  )
}

/** Reads the version or the fence out of the first bytes. Never throws. */
export function headOf(bytes: Buffer): StoredHead {
  const head = bytes.toString('latin1', 0, HEAD_BYTES)
  const value = /^\{"version":(\d{1,16}),/.exec(head)
  if (value) return { type: 'value', version: Number(value[1]) }
  const fence = /^\{"fence":(\d{1,16}),"nonce":"([0-9a-f]{1,32})"\}$/.exec(head)
  if (fence) return { type: 'fence', min: Number(fence[1]), nonce: fence[2]! }
  return { type: 'unknown' }
}

/** The bytes of a fence: "a version >= min is being written". The scripts write the same text. */
export function fenceText(min: number, nonce: string): string {
  return `{"fence":${min},"nonce":"${nonce}"}`
}
