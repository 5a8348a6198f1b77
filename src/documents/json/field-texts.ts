const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
/** `[` and `{`, `]` and `}` differ by this bit. */
const CURLY = 0x20
const OPENING = 0x7b
const CLOSING = 0x7d

/**
 * The texts of the fields of an object, by name as it is written, out of the object's own compact JSON: a few microseconds, where
 * to parse it and to write the fields out again takes ten times as long. Throws when a string does not end.
 */
export function fieldTexts(json: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (let at = 1; at < json.length - 1; ) {
    const colon = endOfString(json, at)
    const end = endOfValue(json, colon + 1)
    fields.set(json.slice(at + 1, colon - 1), json.slice(colon + 1, end))
    at = end + 1
  }
  return fields
}

/** Behind the string that begins at `at`. */
function endOfString(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let escapes = 0
    while (json.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end + 1
  }
  throw new Error('a string without its end')
}

/** Where the value that begins at `at` ends: at the comma behind it, or at the end of what it is in. */
function endOfValue(json: string, at: number): number {
  let level = 0
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfString(json, at) - 1
    else if (code === COMMA && level === 0) return at
    else if ((code | CURLY) === OPENING) level++
    else if ((code | CURLY) === CLOSING && level-- === 0) return at
  }
  return at
}
