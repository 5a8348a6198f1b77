import { keepsNumber } from './exact-number.ts'

/** What a JSON text holds, counted without parsing it. The counts mean nothing when the text is not JSON. */
export interface Survey {
  /** Names of all objects, repeated ones counted. */
  readonly names: number
  /** All values, or a few more. */
  readonly values: number
  /** Backslashes that begin an escape. */
  readonly escapes: number
  /** Levels of nesting; 0 for a text without objects and arrays. */
  readonly depth: number
  /** Names that are written with an escape. */
  readonly escapedNames: number
  /** JavaScript would change a number. */
  readonly exactNumbers: boolean
}

/** JavaScript keeps every number that is shorter and has no exponent. */
const LONG_NUMBER = 16

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const SPACE = 0x20
const OPENING_BRACE = 0x7b
const OPENING_BRACKET = 0x5b
const CLOSING_BRACE = 0x7d
const CLOSING_BRACKET = 0x5d
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
/** `E` with the bit that makes it small. */
const SMALL_E = 0x65
const SMALL = 0x20

/**
 * One pass over the bytes (those of a string are fetched first: half as fast otherwise): a few microseconds for a
 * document, 10 ms for 4 MiB. Never throws.
 */
export function survey(json: string | Buffer): Survey {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json
  let names = 0
  let values = 1
  let escapes = 0
  let depth = 0
  let level = 0
  let escapedNames = 0
  let exactNumbers = false
  const { length } = bytes
  for (let at = 0; at < length; at++) {
    const code = bytes[at]!
    if (code === QUOTE) {
      const before = escapes
      for (at++; at < length; at++) {
        const inside = bytes[at]!
        if (inside === QUOTE) break
        if (inside !== BACKSLASH) continue
        escapes++
        at++
      }
      while (bytes[at + 1]! <= SPACE) at++
      if (bytes[at + 1] !== COLON) continue
      names++
      if (escapes > before) escapedNames++
    } else if ((code >= ZERO && code <= NINE) || code === MINUS) {
      const start = at
      let exponent = false
      for (; at + 1 < length; at++) {
        const next = bytes[at + 1]!
        // Digits, +, -, . and the exponent.
        if ((next | SMALL) === SMALL_E) exponent = true
        else if (next < 0x2b || next > NINE || next === COMMA) break
      }
      if (exactNumbers || (!exponent && at - start + 1 < LONG_NUMBER)) continue
      exactNumbers = !keepsNumber(bytes.toString('latin1', start, at + 1))
    } else if (code === COMMA) values++
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      values++
      if (++level > depth) depth = level
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) level--
  }
  return { names, values, escapes, depth, escapedNames, exactNumbers }
}
