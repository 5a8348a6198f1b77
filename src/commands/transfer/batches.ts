import { setTimeout as sleep } from 'node:timers/promises'
import type { ImportOutcome } from '../../transfer/import.ts'
import { type GatewayAdmin, GatewayError } from './gateway.ts'

/** Lines of one request: the gateway stores them well within its REQUEST_TIMEOUT_MS. */
const LINES = 200
const BYTES = 8 * 1024 * 1024
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
 * Sends lines in requests of bounded size, one after the other, and yields what became of each. Lines that got no answer
 * are sent again: a second time changes nothing. Throws GatewayError.
 */
export async function* sendLines<T>(
  gateway: GatewayAdmin,
  lines: AsyncIterable<Outgoing<T>>,
  query: string,
): AsyncGenerator<{ readonly about: T; readonly outcome: ImportOutcome }> {
  let batch: Outgoing<T>[] = []
  let bytes = 0
  for await (const line of lines) {
    batch.push(line)
    bytes += Buffer.byteLength(line.line)
    if (batch.length < LINES && bytes < BYTES) continue
    yield* send(gateway, batch, query)
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield* send(gateway, batch, query)
}

async function* send<T>(gateway: GatewayAdmin, batch: readonly Outgoing<T>[], query: string) {
  let rest = batch
  for (let failed = 0; rest.length > 0; ) {
    let answered = 0
    try {
      const lines = rest.map(({ line }) => line)
      for await (const outcome of gateway.import(lines, query)) {
        answered = outcome.line
        yield { about: rest[answered - 1]!.about, outcome }
      }
      return
    } catch (error) {
      failed = answered > 0 ? 1 : failed + 1
      if (!(error instanceof GatewayError) || !error.transient || failed >= TRIES) throw error
    }
    rest = rest.slice(answered)
    await sleep(Math.min(FIRST_PAUSE_MS * 2 ** (failed - 1), MAX_PAUSE_MS))
  }
}
