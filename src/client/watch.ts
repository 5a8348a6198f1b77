import { AccessError, InvalidRequestError, NotFoundError } from './errors.ts'
import { EventStreamParser } from './event-stream.ts'
import { sleep, type Transport } from './transport.ts'

const PATH = '/api/user/settings/events'
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
/** Longest silence before the connection is taken for dead: the gateway speaks every 16 s. */
const SILENCE_MS = 40_000

/** `id` resumes after it, in another process too: WatchOptions.lastEventId. */
export type WatchEvent =
  /** A document, such as `mode.scalp`, has a new version; or none any more, when the user was deleted. */
  | {
      readonly type: 'change'
      readonly document: string
      readonly version: number
      readonly deleted?: true
      readonly id: string
    }
  /** What changed meanwhile is not known: everything must be read again. */
  | { readonly type: 'resync'; readonly id: string }

export interface WatchOptions {
  /** Ends the watch; the loop over it ends without an error. */
  readonly signal?: AbortSignal
  readonly lastEventId?: string
  /** Longest silence of a connection, milliseconds; 40,000 if not given. */
  readonly silenceMs?: number
  /** Called when the stream is open: what changes from now on is told. And when it was lost, with why. */
  readonly onConnection?: (error?: unknown) => void
}

type Headers = Readonly<Record<string, string | undefined>>

/**
 * The changes of a user's documents as they happen, from any instance. Connects again by itself and resumes. Throws
 * only when that is pointless: no access, no such route or user.
 */
export async function* watchChanges(
  transport: Transport,
  headers: Headers,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { signal, lastEventId = '', onConnection } = options
  const place: Place = { lastEventId, pauseMs: FIRST_PAUSE_MS }
  while (!signal?.aborted) {
    try {
      yield* connection(transport, headers, place, options)
    } catch (error) {
      if (signal?.aborted) return
      if (isPointless(error)) throw error
      onConnection?.(error)
    }
    await sleep(place.pauseMs * (0.5 + Math.random() / 2), signal).catch(() => {})
    place.pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, place.pauseMs * 2))
  }
}

/** Where to go on after a connection. */
interface Place {
  lastEventId: string
  pauseMs: number
}

/** The events of one connection, until it ends, breaks or is silent for too long. */
async function* connection(
  transport: Transport,
  headers: Headers,
  place: Place,
  { signal, silenceMs = SILENCE_MS, onConnection }: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const silent = new AbortController()
  const timer = setTimeout(() => silent.abort(new Error(`silent for ${silenceMs} ms`)), silenceMs)
  try {
    const resume = place.lastEventId === '' ? undefined : place.lastEventId
    const body = await transport.stream(
      PATH,
      { ...headers, accept: 'text/event-stream', 'last-event-id': resume },
      signal === undefined ? silent.signal : AbortSignal.any([signal, silent.signal]),
    )
    place.pauseMs = FIRST_PAUSE_MS
    onConnection?.()
    const parser = new EventStreamParser(resume)
    const decoder = new TextDecoder()
    for await (const piece of body) {
      timer.refresh()
      for (const { type, data, id } of parser.add(decoder.decode(piece, { stream: true }))) {
        if (type === 'change') yield { ...JSON.parse(data), type, id }
        else if (type === 'resync') yield { type, id }
      }
      place.lastEventId = parser.lastEventId
      place.pauseMs = parser.retryMs ?? place.pauseMs
    }
  } finally {
    clearTimeout(timer)
  }
}

function isPointless(error: unknown): boolean {
  return (
    error instanceof AccessError || error instanceof NotFoundError || error instanceof InvalidRequestError
  )
}
