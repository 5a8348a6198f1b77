import { setTimeout as sleep } from 'node:timers/promises'
import type { ImportOutcome } from '../../transfer/import.ts'
import { type GatewayAdmin, GatewayError } from './gateway.ts'

/** A request ends when it has taken new lines for this long: it must arrive well within the gateway's REQUEST_TIMEOUT_MS. */
const REQUEST_MS = 5_000
/** Bytes of one piece of a body. */
const PIECE_BYTES = 64 * 1_024
/** A gateway that restarts, or whose database does, is back within the minute that these pauses take together. */
const TRIES = 9
const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 15_000

/** A line to send, with what the caller knows of it. */
export interface Outgoing<T> {
  /** Without its end. */
  readonly line: string | Buffer
  readonly about: T
}

/**
 * Sends lines, in their order, as fast as the gateway takes them, and yields what became of each. Lines that got no answer
 * are sent again: a second time changes nothing. Throws GatewayError, and what `lines` throws.
 */
export async function* sendLines<T>(
  gateway: GatewayAdmin,
  lines: AsyncIterable<Outgoing<T>>,
  query: string,
): AsyncGenerator<{ readonly about: T; readonly outcome: ImportOutcome }> {
  const open = new OpenLines(lines)
  for (let failed = 0; await open.any(); ) {
    let answered = 0
    try {
      for await (const outcome of gateway.import(open.body(), query)) {
        const lines = open.answered(outcome.line - answered)
        answered = outcome.line
        yield { about: lines.at(-1)!.about, outcome }
      }
      if (open.waiting > 0) throw new GatewayError('the gateway left lines without an answer')
      failed = 0
    } catch (error) {
      failed = answered > 0 ? 1 : failed + 1
      if (!(error instanceof GatewayError) || !error.transient || failed >= TRIES) throw error
      await sleep(Math.min(FIRST_PAUSE_MS * 2 ** (failed - 1), MAX_PAUSE_MS))
    }
  }
}

/** The lines that have no answer yet. The gateway takes a bounded number before it answers, so they are few. */
class OpenLines<T> {
  readonly #source: AsyncIterator<Outgoing<T>>
  readonly #open: Outgoing<T>[] = []
  /** The present request; `sent`: so many of the open lines. An earlier one may still wait for the source. */
  #request = { sent: 0 }
  /** What the source threw. The lines before it are sent, and have their answers. */
  #fault: unknown

  constructor(lines: AsyncIterable<Outgoing<T>>) {
    this.#source = lines[Symbol.asyncIterator]()
  }

  /** False when every line has its answer. Throws what the source threw. */
  async any(): Promise<boolean> {
    if (this.#open.length === 0) await this.#take()
    if (this.#open.length === 0 && this.#fault !== undefined) throw this.#fault
    return this.#open.length > 0
  }

  /** Lines of the present request that have no answer. */
  get waiting(): number {
    return this.#request.sent
  }

  /** The body of the next request: the open lines, then new ones for REQUEST_MS. */
  async *body(): AsyncGenerator<Buffer> {
    const request = { sent: 0 }
    this.#request = request
    const endsAt = performance.now() + REQUEST_MS
    let parts: Buffer[] = []
    let bytes = 0
    for (;;) {
      if (this.#open.length === request.sent && performance.now() < endsAt) await this.#take()
      const next = this.#open[request.sent]
      if (next === undefined) break
      request.sent++
      parts.push(Buffer.from(next.line), Buffer.from('\n'))
      bytes += next.line.length
      if (bytes < PIECE_BYTES) continue
      yield Buffer.concat(parts)
      parts = []
      bytes = 0
    }
    if (parts.length > 0) yield Buffer.concat(parts)
  }

  /** The oldest lines have their answer. */
  answered(count: number): Outgoing<T>[] {
    this.#request.sent -= count
    return this.#open.splice(0, count)
  }

  /** Opens the next line, if there is one. */
  async #take(): Promise<void> {
    if (this.#fault !== undefined) return
    try {
      const { done, value } = await this.#source.next()
      if (!done) this.#open.push(value)
    } catch (error) {
      this.#fault = error
    }
  }
}
