/** The content of a document key: a value (the envelope that a GET answers), a fence, or neither. */
export type StoredHead =
  | { readonly type: 'value'; readonly version: number }
  | { readonly type: 'fence'; readonly min: number; readonly nonce: string }
  | { readonly type: 'unknown' }

const VALUE_HEAD = /^\{"version":(\d{1,16}),/
const UPDATED_AT = /^\{"version":\d{1,16},"updated_at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)",/
const STAMP = /^[1-8]\d{15}$/
const VALUE_PREFIX = Buffer.from('{"version":')
const MAX_DIGITS = 16
const ZERO = 0x30
const COMMA = 0x2c
const CLOSING_BRACE = 0x7d
/**
 * The bytes of a key that tell what it holds: a fence is `{"fence":<16 digits>,"nonce":"<16 hex>"}`, 53 bytes at most,
 * and a value begins with its version and `updated_at`.
 */
export const HEAD_BYTES = 64
/** Separates the heads of several keys; stored JSON never contains a line feed. */
const SEPARATOR = '\n'

/** True when the bytes are a whole value. Looks at the first and last bytes only: no parsing on the read path. */
export function isValue(bytes: Buffer | null): bytes is Buffer {
  return bytes !== null && bytes[bytes.length - 1] === CLOSING_BRACE && versionIn(bytes) !== undefined
}

/** The version at the beginning of a value; undefined for anything else. Byte by byte, because every read of a whole value runs this. */
function versionIn(bytes: Buffer): number | undefined {
  const first = VALUE_PREFIX.length
  for (let at = 0; at < first; at++) if (bytes[at] !== VALUE_PREFIX[at]) return undefined
  let version = 0
  for (let at = first; at <= first + MAX_DIGITS; at++) {
    const byte = bytes[at]!
    if (byte === COMMA && at > first) return version
    if (!(byte >= ZERO && byte <= ZERO + 9)) return undefined
    version = version * 10 + (byte - ZERO)
  }
  return undefined
}

/**
 * True for a stamp that the scripts made: microseconds since 1970. Any other text was set by hand and may be set again, and
 * then it would confirm old bytes that were kept with it the first time.
 */
export function isStamp(bytes: Buffer | null | undefined): bytes is Buffer {
  return bytes != null && STAMP.test(bytes.toString('latin1'))
}

/** The version of a value. Throws for anything else. */
export function versionOf(value: Buffer): number {
  const version = versionIn(value)
  if (version === undefined) throw new Error('a value without a version')
  return version
}

/** `updated_at` of a value as the codec writes it; undefined for anything else. Never throws. */
export function updatedAtOf(value: Buffer): string | undefined {
  return UPDATED_AT.exec(value.toString('latin1', 0, HEAD_BYTES))?.[1]
}

/** Reads the version or the fence out of the first bytes. Never throws. */
export function headOf(bytes: Buffer): StoredHead {
  const version = versionIn(bytes)
  if (version !== undefined) return { type: 'value', version }
  const head = bytes.toString('latin1', 0, HEAD_BYTES)
  const fence = /^\{"fence":(\d{1,16}),"nonce":"([0-9a-f]{1,32})"\}$/.exec(head)
  if (fence) return { type: 'fence', min: Number(fence[1]), nonce: fence[2]! }
  return { type: 'unknown' }
}

/** The heads of values, as CachePort.readHeads answers them. */
export function headsOf(values: readonly Buffer[]): Buffer {
  if (values.length === 1) return values[0]!.subarray(0, HEAD_BYTES)
  return Buffer.from(values.map(value => value.toString('latin1', 0, HEAD_BYTES)).join(SEPARATOR), 'latin1')
}

/** The versions in the heads of `count` keys; undefined unless all of them hold values. Never throws. */
export function versionsIn(heads: Buffer, count: number): number[] | undefined {
  const versions: number[] = []
  for (const head of heads.toString('latin1').split(SEPARATOR)) {
    const version = VALUE_HEAD.exec(head)?.[1]
    if (version === undefined) return undefined
    versions.push(Number(version))
  }
  return versions.length === count ? versions : undefined
}
