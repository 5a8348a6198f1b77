/** An error reply of Redis, such as `NOSCRIPT No matching script`. */
export class RespError extends Error {
  override readonly name = 'RespError'
}

/** What came is not RESP 2, or beyond all bounds: the connection cannot be used any more. */
export class RespProtocolError extends Error {
  override readonly name = 'RespProtocolError'
}

/** A reply: status, integer, bulk string (a slice of what the socket read), array; null = no such key. */
export type Reply = string | number | Buffer | null | RespError | readonly Reply[]

const CR = 0x0d
const LF = 0x0a
const ZERO = 0x30
/** Digits of a length far below MAX_BULK. */
const MAX_SHORT = 6
const TYPE = { status: 0x2b, error: 0x2d, integer: 0x3a, bulk: 0x24, array: 0x2a }
/** Lines are numbers, statuses and error texts. */
const MAX_LINE = 64 * 1024
/** `proto-max-bulk-len` of Redis. */
const MAX_BULK = 512 * 1024 * 1024
const MAX_ITEMS = 100_000
/** Arrays of arrays: no command that is sent here answers more. */
const MAX_DEPTH = 2

/** The part that is missing may be this long; the parser does not look again before it is there. */
const INCOMPLETE = Symbol('incomplete')

/** A parser of RESP 2 replies for one connection. */
export class RespParser {
  readonly #onReply: (reply: Reply) => void
  #pending: Buffer[] = []
  #length = 0
  /** Bytes that must be there before it is worth looking again. */
  #needed = 0
  #data: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply
  }

  /** Calls back for each reply that is complete. RespProtocolError. */
  feed(chunk: Buffer): void {
    this.#pending.push(chunk)
    this.#length += chunk.length
    if (this.#length < this.#needed) return
    this.#data = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending, this.#length)
    this.#at = 0
    this.#needed = 0
    let consumed = 0
    while (this.#at < this.#data.length) {
      const reply = this.#reply(0)
      if (reply === INCOMPLETE) break
      consumed = this.#at
      this.#onReply(reply)
    }
    const rest = this.#data.subarray(consumed)
    this.#needed = Math.max(0, this.#needed - consumed)
    this.#length = rest.length
    this.#pending = rest.length === 0 ? [] : [rest]
  }

  #reply(depth: number): Reply | typeof INCOMPLETE {
    const type = this.#data[this.#at]
    const counted = type === TYPE.bulk || type === TYPE.integer || type === TYPE.array
    if (counted) {
      const short = this.#shortNumber()
      if (short !== undefined) return this.#counted(type, short, depth)
    }
    const line = this.#line()
    if (line === undefined) return INCOMPLETE
    if (type === TYPE.status) return line
    if (type === TYPE.error) return new RespError(line)
    if (counted) return this.#counted(type, integerIn(line), depth)
    throw new RespProtocolError('a reply of an unknown type')
  }

  /** What begins with a number. */
  #counted(type: number, count: number, depth: number): Reply | typeof INCOMPLETE {
    if (type === TYPE.integer) return count
    if (type === TYPE.bulk) return this.#bulk(lengthWithin(count, MAX_BULK))
    if (depth < MAX_DEPTH) return this.#array(lengthWithin(count, MAX_ITEMS), depth)
    throw new RespProtocolError('arrays of arrays')
  }

  /** The number of a line without a text in between: nearly all are such. Undefined = look closer. */
  #shortNumber(): number | undefined {
    const data = this.#data
    let value = 0
    for (let at = this.#at + 1, end = at + MAX_SHORT; at <= end; at++) {
      const byte = data[at]
      if (byte === CR && data[at + 1] === LF && at > this.#at + 1) {
        this.#at = at + 2
        return value
      }
      if (byte === undefined || byte < ZERO || byte > ZERO + 9) return undefined
      value = value * 10 + byte - ZERO
    }
    return undefined
  }

  /** The rest of a line behind its type. */
  #line(): string | undefined {
    const end = this.#data.indexOf(LF, this.#at + 1)
    if (end === -1) {
      if (this.#data.length - this.#at > MAX_LINE) throw new RespProtocolError('a line without an end')
      return undefined
    }
    if (this.#data[end - 1] !== CR) throw new RespProtocolError('a line does not end with CR LF')
    const line = this.#data.toString('latin1', this.#at + 1, end - 1)
    this.#at = end + 1
    return line
  }

  #bulk(length: number): Buffer | null | typeof INCOMPLETE {
    if (length < 0) return null
    const end = this.#at + length
    if (end + 2 > this.#data.length) {
      this.#needed = end + 2
      return INCOMPLETE
    }
    if (this.#data[end] !== CR || this.#data[end + 1] !== LF)
      throw new RespProtocolError('a bulk string does not end with CR LF')
    const bytes = this.#data.subarray(this.#at, end)
    this.#at = end + 2
    return bytes
  }

  #array(length: number, depth: number): readonly Reply[] | null | typeof INCOMPLETE {
    if (length < 0) return null
    const items: Reply[] = []
    for (let i = 0; i < length; i++) {
      const item = this.#at < this.#data.length ? this.#reply(depth + 1) : INCOMPLETE
      if (item === INCOMPLETE) return INCOMPLETE
      items.push(item)
    }
    return items
  }
}

function lengthWithin(length: number, max: number): number {
  if (length < -1 || length > max) throw new RespProtocolError('a length out of bounds')
  return length
}

function integerIn(line: string): number {
  const value = Number(line)
  if (!/^-?\d{1,19}$/.test(line)) throw new RespProtocolError('not an integer')
  return value
}

/**
 * A command as RESP: an array of bulk strings. In the answer each character is a byte, to be written as latin1: a text
 * that is written many times is encoded once.
 */
export function encodeCommand(args: readonly (string | Buffer)[]): string {
  let command = `*${args.length}\r\n`
  for (const arg of args) {
    const bytes = bytesOf(arg)
    command += `$${bytes.length}\r\n${bytes}\r\n`
  }
  return command
}

/** Each character a byte. */
function bytesOf(arg: string | Buffer): string {
  if (typeof arg !== 'string') return arg.toString('latin1')
  return Buffer.byteLength(arg) === arg.length ? arg : Buffer.from(arg).toString('latin1')
}
