import { AccessError, InvalidRequestError, NotFoundError } from './errors.ts'
import { EventStreamParser, type StreamEvent } from './event-stream.ts'
import { sleep, type Transport } from './transport.ts'

const PATH = '/api/user/settings/events'
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
/** Longest silence before the connection is taken for dead: the gateway sends heartbeats more often. */
const SILENCE_MS = 60_000

/** A document has a new version. */
export interface DocumentChange {
  /** Kind of the document, such as `mode.scalp`. */
  readonly document: string
  readonly version: number
  /** To go on after this change in another process: WatchOptions.lastEventId. */
  readonly id: string
}

export interface WatchOptions {
  /** Ends the watch; the loop over it ends without an error. */
  readonly signal?: AbortSignal
  /** Resumes after this change. */
  readonly lastEventId?: string
  /** Longest silence of a connection, milliseconds; 60,000 if not given. */
  readonly silenceMs?: number
  /** Called when a connection is there, and when one was lost with why. */
  readonly onConnection?: (error?: unknown) => void
}

/**
 * The changes of a user's documents as they happen, from any instance. Connects again by itself and resumes. Throws
 * only when that is pointless: no access, no such route or user.
 */
export async function* watchChanges(
  transport: Transport,
  headers: Readonly<Record<string, string | undefined>>,
  { signal, lastEventId = '', silenceMs = SILENCE_MS, onConnection }: WatchOptions,
): AsyncGenerator<DocumentChange, void, undefined> {
  let id = lastEventId
  let pause = FIRST_PAUSE_MS
  while (!signal?.aborted) {
    try {
      const resume = id === '' ? undefined : id
      for await (const event of connection(
        transport,
        { ...headers, 'last-event-id': resume },
        silenceMs,
        signal,
      )) {
        if (event === 'open') {
          onConnection?.()
          pause = FIRST_PAUSE_MS
          continue
        }
        if (event.retryMs !== undefined) pause = event.retryMs
        id = event.id
        if (event.type === 'change') yield { ...JSON.parse(event.data), id }
      }
    } catch (error) {
      if (signal?.aborted) return
      if (
        error instanceof AccessError ||
        error instanceof NotFoundError ||
        error instanceof InvalidRequestError
      ) {
        throw error
      }
      onConnection?.(error)
    }
    await sleep(pause * (0.5 + Math.random() / 2), signal).catch(() => {})
    pause = Math.min(MAX_PAUSE_MS, pause * 2)
  }
}

type ConnectionEvent = 'open' | (StreamEvent & { readonly retryMs: number | undefined })

/** The events of one connection, until it ends, breaks or is silent for too long. */
async function* connection(
  transport: Transport,
  headers: Readonly<Record<string, string | undefined>>,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<ConnectionEvent> {
  const silent = new AbortController()
  const timer = setTimeout(() => silent.abort(new Error(`silent for ${silenceMs} ms`)), silenceMs)
  try {
    const both = signal === undefined ? silent.signal : AbortSignal.any([signal, silent.signal])
    const body = await transport.stream(PATH, { ...headers, accept: 'text/event-stream' }, both)
    yield 'open'
    const parser = new EventStreamParser(headers['last-event-id'])
    const decoder = new TextDecoder()
    for await (const piece of body) {
      timer.refresh()
      for (const event of parser.add(decoder.decode(piece, { stream: true }))) {
        yield { ...event, retryMs: parser.retryMs }
      }
    }
  } finally {
    clearTimeout(timer)
  }
}
