import { type Dispatcher, Pool } from 'undici'
import { ProblemError, problemOf, UnreachableError } from './errors.ts'

export interface TransportOptions {
  /** Of the gateway, such as http://127.0.0.1:8080; with a path when a proxy has it below one. */
  readonly url: string
  /** A service token or a JWT; a function is asked for each request, so that a JWT can be renewed. */
  readonly token: string | (() => string)
  /** Most connections at once; 16 if not given. */
  readonly connections?: number
  /** Longest wait for one answer, milliseconds; 2,000 if not given. A retry has that time anew. */
  readonly timeoutMs?: number
  /** How often what is safe to send again is sent again; 2 if not given. */
  readonly retries?: number
}

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sent as JSON; absent = no body. */
  readonly body?: unknown
  /** A status that is an answer too. */
  readonly accept?: number
  /** Whether a second one does no harm, should the first have arrived. */
  readonly safe: boolean
  readonly signal?: AbortSignal | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Empty for 204 and 304. */
  readonly body: string
}

/** Below the gateway's KEEP_ALIVE_TIMEOUT_MS (95 s): the client closes first, so no request meets a closing connection. */
const KEEP_ALIVE_MS = 60_000
const FIRST_PAUSE_MS = 50
/** Whoever trades would rather hear of a failure than wait longer. */
const MAX_PAUSE_MS = 2_000
const TRANSIENT = new Set([429, 502, 503, 504])

/** Requests over kept connections, with time limits, and retries of what is safe. */
export class Transport {
  readonly #pool: Pool
  readonly #prefix: string
  readonly #token: () => string
  readonly #timeoutMs: number
  readonly #retries: number

  constructor({ url, token, connections = 16, timeoutMs = 2_000, retries = 2 }: TransportOptions) {
    const { origin, pathname } = new URL(url)
    this.#prefix = pathname.replace(/\/$/, '')
    this.#pool = new Pool(origin, {
      connections,
      connect: { timeout: timeoutMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // The time limit of the call is the one that counts; these would only be coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#token = typeof token === 'string' ? () => token : token
    this.#timeoutMs = timeoutMs
    this.#retries = retries
  }

  /** A success or 304. ProblemError for other answers, UnreachableError for none, the signal's reason when aborted. */
  async send(call: Call): Promise<Reply> {
    const retries = call.safe ? this.#retries : 0
    for (let tried = 0; ; tried++) {
      try {
        return await this.#sendOnce(call)
      } catch (error) {
        const pause = pauseBefore(tried, error)
        if (tried >= retries || pause === undefined || call.signal?.aborted) throw error
        await sleep(pause, call.signal)
      }
    }
  }

  /** An answer whose body goes on; the caller must read or destroy it. Without a time limit. */
  async stream(
    path: string,
    headers: Call['headers'],
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData['body']> {
    const {
      statusCode,
      headers: answered,
      body,
    } = await this.#dispatch({ method: 'GET', path, headers: headers ?? {}, safe: true }, signal)
    if (statusCode === 200) return body
    throw problemOf(statusCode, await body.text(), textOf(answered['retry-after']))
  }

  /** Of the next request. */
  get token(): string {
    return this.#token()
  }

  /** Ends all connections at once. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #sendOnce(call: Call): Promise<Reply> {
    const limit = AbortSignal.timeout(this.#timeoutMs)
    const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit])
    try {
      const { statusCode: status, headers, body } = await this.#dispatch(call, signal)
      const text = await body.text()
      if (status < 300 || status === 304 || status === call.accept) return { status, headers, body: text }
      throw problemOf(status, text, textOf(headers['retry-after']))
    } catch (error) {
      if (error instanceof ProblemError) throw error
      if (call.signal?.aborted) throw call.signal.reason
      const why = limit.aborted ? `did not answer within ${this.#timeoutMs} ms` : 'cannot be reached'
      throw new UnreachableError(`the gateway ${why}`, { cause: error })
    }
  }

  #dispatch({ method, path, headers, body }: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const all: Record<string, string> = { authorization: `Bearer ${this.#token()}` }
    for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) all[name] = value
    if (body !== undefined) all['content-type'] = 'application/json'
    return this.#pool.request({
      method,
      path: this.#prefix + path,
      headers: all,
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    })
  }
}

/** Milliseconds until a retry; undefined when it would be pointless or too late. */
function pauseBefore(tried: number, error: unknown): number | undefined {
  const backOff = FIRST_PAUSE_MS * 2 ** tried * (0.5 + Math.random() / 2)
  if (error instanceof UnreachableError) return backOff
  if (!(error instanceof ProblemError) || !TRANSIENT.has(error.status)) return undefined
  const pause = Math.max(backOff, (error.retryAfterSeconds ?? 0) * 1_000)
  return pause <= MAX_PAUSE_MS ? pause : undefined
}

/** Rejects with the signal's reason when it is aborted meanwhile. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms)
    function done() {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted() {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  })
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
