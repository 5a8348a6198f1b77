import { type Dispatcher, Pool } from 'undici'
import { ProblemError, problemOf, UnreachableError } from './errors.ts'
import { parseJson, stringifyJson } from './json.ts'
import type { ClientOptions } from './options.ts'
import { limitTime, sleep } from './time-limit.ts'

export type TransportOptions = Pick<
  ClientOptions,
  'url' | 'token' | 'connections' | 'timeoutMs' | 'retries'
> & {
  /** Largest answer, bytes; without one answers may go on for ever, as event streams do. */
  readonly maxAnswerBytes?: number
}

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sent as JSON; absent = no body. */
  readonly body?: unknown
  /** The token that was asked for already. */
  readonly token?: string | undefined
  /** A status that is an answer too. */
  readonly accept?: number
  /** Whether a second one does no harm, should the first have arrived. */
  readonly safe: boolean
  readonly signal?: AbortSignal | undefined
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body's text; empty for 204 and 304. */
  readonly body: string
  /** Its JSON; undefined when it is empty. */
  readonly value: unknown
}

/** What is sent in each attempt. */
interface PreparedRequest {
  method: Call['method']
  readonly path: string
  readonly headers: Record<string, string>
  body: string | null
}

/** Below the gateway's KEEP_ALIVE_TIMEOUT_MS (95 s): the client closes first, so no request meets a closing connection. */
const KEEP_ALIVE_MS = 60_000
const FIRST_PAUSE_MS = 50
/** A bot would rather hear of a failure than wait longer. */
const MAX_PAUSE_MS = 2_000
const MAX_RETRIES = 10
const TRANSIENT = new Set([429, 502, 503, 504])
/** A proxy may have passed on what it did not get an answer to. */
const AMBIGUOUS = new Set([502, 504])

/** Requests over kept connections, with time limits, and retries of what is safe. */
export class Transport {
  /** Of the gateway, without a slash at the end. */
  readonly url: string
  readonly #pool: Pool
  readonly #prefix: string
  readonly #token: ClientOptions['token']
  readonly #timeoutMs: number
  readonly #retries: number

  constructor({
    url,
    token,
    connections = 16,
    timeoutMs = 2_000,
    retries = 2,
    maxAnswerBytes = -1,
  }: TransportOptions) {
    const { origin, pathname } = new URL(url)
    this.#prefix = pathname.replace(/\/$/, '')
    this.url = `${origin}${this.#prefix}`
    this.#pool = new Pool(origin, {
      connections,
      connect: { timeout: timeoutMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxResponseSize: maxAnswerBytes,
      // The time limit of the call is the one that counts; these would only be coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#token = token
    this.#timeoutMs = timeoutMs
    this.#retries = Math.min(retries, MAX_RETRIES)
  }

  /**
   * A success or 304. ProblemError for other answers, UnreachableError for none, the signal's reason when aborted.
   * An error before anything is sent (of the token, the body, a header) rejects as it is, at once.
   */
  async send(call: Call): Promise<HttpReply> {
    const prepared = await this.#prepare(call)
    const retries = call.safe ? this.#retries : 0
    let lost = false
    for (let tried = 0; ; tried++) {
      try {
        return await this.#sendOnce(prepared, call)
      } catch (error) {
        if (error instanceof ProblemError) error.afterLostAttempt = lost
        lost ||= mayHaveArrived(error)
        const pause = pauseBefore(tried, error)
        if (tried >= retries || pause === undefined || call.signal?.aborted) throw error
        await sleep(pause, call.signal)
      }
    }
  }

  /**
   * An answer whose body goes on; the caller must read or destroy it. Without a time limit. `lines`: NDJSON that is sent
   * with POST.
   */
  async stream(
    path: string,
    headers: Call['headers'],
    signal: AbortSignal,
    lines?: string,
  ): Promise<Dispatcher.ResponseData['body']> {
    const prepared = await this.#prepare({ method: 'GET', path, headers: headers ?? {}, safe: true })
    if (lines !== undefined) {
      prepared.method = 'POST'
      prepared.headers['content-type'] = 'application/x-ndjson'
      prepared.body = lines
    }
    const answer = await this.#pool.request({ ...prepared, signal })
    if (answer.statusCode === 200) return answer.body
    const text = await answer.body.text()
    throw problemOf(answer.statusCode, parseOrNothing(text), textOf(answer.headers['retry-after']))
  }

  /** Of the next request. */
  async token(): Promise<string> {
    return typeof this.#token === 'string' ? this.#token : this.#token()
  }

  /** Ends all connections at once. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #prepare({ method, path, headers, body, token }: Call): Promise<PreparedRequest> {
    const all: Record<string, string> = { authorization: `Bearer ${token ?? (await this.token())}` }
    for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) all[name] = value
    if (body !== undefined) all['content-type'] = 'application/json'
    return {
      method,
      path: this.#prefix + path,
      headers: all,
      body: body === undefined ? null : stringifyJson(body),
    }
  }

  async #sendOnce(prepared: PreparedRequest, call: Call): Promise<HttpReply> {
    if (call.signal?.aborted) throw call.signal.reason
    const limit = limitTime(this.#timeoutMs, call.signal)
    try {
      const {
        statusCode: status,
        headers,
        body,
      } = await this.#pool.request({
        ...prepared,
        signal: limit.signal,
      })
      const text = await body.text()
      if (status >= 300 && status !== 304 && status !== call.accept) {
        throw problemOf(status, parseOrNothing(text), textOf(headers['retry-after']))
      }
      return { status, headers, body: text, value: text === '' ? undefined : parseJson(text) }
    } catch (error) {
      if (error instanceof ProblemError) throw error
      if (call.signal?.aborted) throw call.signal.reason
      throw errorOf(error, limit.expired() ? this.#timeoutMs : undefined)
    } finally {
      limit.end()
    }
  }
}

/** What the caller gets for an error of the connection, of undici, or of parsing. */
export function errorOf(error: unknown, timeoutMs: number | undefined): Error {
  const { code, message } = error as { code?: unknown; message?: string }
  if (timeoutMs !== undefined) {
    return new UnreachableError(`the gateway did not answer within ${timeoutMs} ms`, { cause: error })
  }
  if (code === 'UND_ERR_INVALID_ARG') return new TypeError(message, { cause: error })
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new Error('the client is closed', { cause: error })
  }
  const why = error instanceof SyntaxError ? 'did not answer: what came is not JSON' : 'cannot be reached'
  return new UnreachableError(`the gateway ${why}`, { cause: error })
}

/** Whether the same request may be answered later. */
export function isTransient(status: number): boolean {
  return TRANSIENT.has(status)
}

function mayHaveArrived(error: unknown): boolean {
  if (error instanceof UnreachableError) return true
  return error instanceof ProblemError && (AMBIGUOUS.has(error.status) || error.code === 'COMMIT_UNKNOWN')
}

/** Milliseconds until a retry; undefined when it would be pointless or too late. */
function pauseBefore(tried: number, error: unknown): number | undefined {
  const backOff = FIRST_PAUSE_MS * 2 ** tried * (0.5 + Math.random() / 2)
  if (error instanceof UnreachableError) return Math.min(backOff, MAX_PAUSE_MS)
  if (!(error instanceof ProblemError) || !isTransient(error.status)) return undefined
  const pause = Math.max(backOff, (error.retryAfterSeconds ?? 0) * 1_000)
  return pause <= MAX_PAUSE_MS ? pause : undefined
}

function parseOrNothing(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
