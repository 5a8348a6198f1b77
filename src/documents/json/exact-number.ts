/** JSON.rawJSON (ECMAScript 2026) is not in TypeScript's library yet. */
declare global {
  interface JSON {
    rawJSON(text: string): object
  }
}

/**
 * A number that JavaScript would change: an integer beyond 2^53 - 1, a decimal with more digits than a double keeps,
 * or one that is too large or too small for a double. It keeps its digits and is written back as it was read. Bodies
 * and files with such a number are refused (guard.ts); rows may hold one that an operator stored.
 */
export class ExactNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toJSON(): object {
    return JSON.rawJSON(this.text)
  }
}

/** toPrecision writes no more digits than these. */
const MAX_DIGITS = 100
/** Every decimal of so many digits survives the way through a double. */
const SAFE_DIGITS = 15

/** The number of a JSON token, or its digits when JavaScript would change it. */
export function numberOf(token: string): number | ExactNumber {
  return keepsNumber(token) ? Number(token) : new ExactNumber(token)
}

/**
 * True when JavaScript keeps the number of a JSON token: the nearest double, written with as many digits as the token
 * has, is the same number. So 0.1, 0.30000000000000004 and 0.10000000000000001 (0.1 as C's %.17g writes it) are kept,
 * and a decimal of 18 digits is not. Beyond 2^53 - 1 nothing is kept, whether it was written as 1e20 or digit by digit:
 * other readers could not tell it from its neighbours.
 */
export function keepsNumber(token: string): boolean {
  const value = Number(token)
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false
  if (String(value) === token) return true
  const { digits, exponent } = significant(token)
  if (value === 0) return digits === ''
  if (digits.length <= SAFE_DIGITS && exponent > -300) return true
  if (digits.length > MAX_DIGITS) return false
  // Both, because a digit that is exactly in the middle is rounded up by one and to the even digit by the other.
  return [String(value), value.toPrecision(digits.length)].some(written => {
    const kept = significant(written)
    return kept.digits === digits && kept.exponent === exponent
  })
}

/** Digits without zeros at their ends, and the power of ten of the first one; no digits for zero. */
function significant(token: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = token.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = whole + fraction
  let first = 0
  while (all[first] === '0') first++
  let end = all.length
  while (end > first && all[end - 1] === '0') end--
  return { digits: all.slice(first, end), exponent: whole.length - first + Number(power) }
}
