import { isUtf8 } from 'node:buffer'

/** How UTF-16 files begin. */
const UTF_16_MARKS: readonly (readonly [number, number])[] = [
  [0xff, 0xfe],
  [0xfe, 0xff],
]

/** The first byte that is not UTF-8 (0 = the first of all); undefined when all are. */
function invalidByteOf(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined
  // Up to the fault the bytes of the decoded text are the same; there they are those of U+FFFD.
  const decoded = Buffer.from(bytes.toString())
  let at = 0
  while (at < bytes.length && bytes[at] === decoded[at]) at++
  // The bytes of a character that is cut off are those of U+FFFD too, or some of them.
  while (!isUtf8(bytes.subarray(0, at))) at--
  return at
}

/** A sentence that says what is wrong with bytes that are not UTF-8. */
export function encodingFaultOf(bytes: Buffer): string | undefined {
  const at = invalidByteOf(bytes)
  if (at === undefined) return undefined
  const is16 = UTF_16_MARKS.some(mark => mark.every((byte, index) => bytes[index] === byte))
  const value = bytes[at]?.toString(16).padStart(2, '0')
  const line = bytes.subarray(0, at).toString('latin1').split('\n').length
  return `is not UTF-8: byte ${at} (0x${value}, line ${line})${is16 ? '; it looks like UTF-16' : ''}`
}
