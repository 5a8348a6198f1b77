import type { ImportOutcome, ImportSummary } from '../../transfer/import.ts'
import { type GatewayAdmin, GatewayError } from './gateway.ts'

/** Lines of one request: the gateway stores them well within its REQUEST_TIMEOUT_MS. */
const LINES = 200
const BYTES = 8 * 1024 * 1024

/** A line to send, with whatever the caller knows of it. */
export interface Outgoing<T> {
  /** Without its end. */
  readonly line: string | Buffer
  readonly about: T
}

/** Sends lines in requests of bounded size, one after the other, and yields what became of each. Throws GatewayError. */
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
  const answers = await gateway.import(
    batch.map(({ line }) => line),
    query,
  )
  const outcomes = answers.filter(isOutcome)
  for (const outcome of outcomes) yield { about: batch[outcome.line - 1]!.about, outcome }
  const summary = answers.find(answer => !isOutcome(answer)) as ImportSummary | undefined
  if (summary?.done !== true) throw new GatewayError(summary?.error ?? 'the answer of the gateway broke off')
}

function isOutcome(answer: ImportOutcome | ImportSummary): answer is ImportOutcome {
  return !('done' in answer)
}
