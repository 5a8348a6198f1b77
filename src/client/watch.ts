import { AccessError, InvalidRequestError, NotFoundError } from './errors.ts'
import { EventStreamParser } from './event-stream.ts'
import { parseJson } from './json.ts'
import type { WatchEvent, WatchOptions } from './options.ts'
import { limitSilence, sleep } from './time-limit.ts'
import type { Transport } from './transport.ts'

const PATH = '/api/user/settings/events'
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000
/** Longest silence before the connection is taken for dead: the gateway speaks every 16 s. */
const SILENCE_MS = 40_000

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

type Change = Omit<Extract<WatchEvent, { type: 'change' }>, 'type' | 'id'>

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
  const silence = limitSilence(silenceMs, signal)
  try {
    const resume = place.lastEventId === '' ? undefined : place.lastEventId
    const body = await transport.stream(
      PATH,
      { ...headers, accept: 'text/event-stream', 'last-event-id': resume },
      silence.signal,
    )
    place.pauseMs = FIRST_PAUSE_MS
    onConnection?.()
    const parser = new EventStreamParser(resume)
    const decoder = new TextDecoder()
    for await (const piece of body) {
      silence.restart()
      for (const { type, data, id } of parser.add(decoder.decode(piece, { stream: true }))) {
        if (type === 'change') yield { ...(parseJson(data) as Change), type, id }
        else if (type === 'resync') yield { type, id }
      }
      place.lastEventId = parser.lastEventId
      place.pauseMs = parser.retryMs ?? place.pauseMs
    }
  } finally {
    silence.end()
  }
}

function isPointless(error: unknown): boolean {
  return (
    error instanceof AccessError || error instanceof NotFoundError || error instanceof InvalidRequestError
  )
}
