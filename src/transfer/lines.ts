const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** What JSON counts as white space. */
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, LINE_FEED, CARRIAGE_RETURN])

/** One line of a stream, or that it is longer than allowed (undefined). */
export interface Line {
  /** Counted from 1, blank lines included. */
  readonly number: number
  readonly bytes: Buffer | undefined
}

/**
 * The lines of a stream of bytes, without their ends; those with nothing but white space are left out. A line longer than `maxBytes` is
 * dropped. Bytes, not text: only a reader of JSON tells whether they are UTF-8.
 */
export async function* linesOf(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let length = 0
  let number = 1
  let isBlank = true
  const end = (): Line | undefined => {
    const bytes = length > maxBytes ? undefined : withoutReturn(Buffer.concat(parts))
    const line = isBlank ? undefined : { number, bytes }
    parts = []
    length = 0
    isBlank = true
    number++
    return line
  }
  const add = (part: Buffer) => {
    length += part.length
    isBlank &&= part.every(byte => WHITE_SPACE.has(byte))
    if (length > maxBytes) parts = []
    else parts.push(part)
  }
  for await (const chunk of source) {
    let from = 0
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, at))
      const line = end()
      if (line !== undefined) yield line
      from = at + 1
    }
    add(chunk.subarray(from))
  }
  const line = end()
  if (line !== undefined) yield line
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}
