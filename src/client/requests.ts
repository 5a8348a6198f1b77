import { type EtagCache, freeze } from './etag-cache.ts'
import type { Call, Reply, Transport } from './transport.ts'
import { type WatchEvent, type WatchOptions, watchChanges } from './watch.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Settings as they were read. */
export interface Reading<T> {
  /** Frozen: polls that find nothing new get the same object. */
  readonly value: T
  readonly etag: string
  /** Whether it is what the last poll got (304). */
  readonly unchanged: boolean
  /** The gateway could not ask its database: true of the cached settings when it lost sight of it. */
  readonly unverified: boolean
  /** RFC 9211. */
  readonly cacheStatus: string
}

export interface WriteCall extends CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly ifMatch?: number | undefined
  readonly safe: boolean
}

export interface RequestsDeps {
  readonly transport: Transport
  /** For connections that stay open: they would use up those of the requests. */
  readonly streams: Transport
  readonly etags: EtagCache
  /** Undefined = the user of the token. */
  readonly userId: string | undefined
}

/** The kinds of requests there are, on behalf of one user. */
export class Requests {
  readonly #deps: RequestsDeps

  constructor(deps: RequestsDeps) {
    this.#deps = deps
  }

  /** Settings with an ETag: asks whether what is remembered is current. */
  async read<T>(path: string, { signal }: CallOptions = {}): Promise<Reading<T>> {
    const { etags, transport, userId } = this.#deps
    // Versions of two users may be equal: what one has must not stand for what the other has.
    const key = `${userId ?? transport.token}\n${path}`
    const known = etags.get(key)
    const { status, headers, body } = await this.#send({
      method: 'GET',
      path,
      headers: { 'if-none-match': known?.etag },
      safe: true,
      signal,
    })
    const cacheStatus = String(headers['cache-status'] ?? '')
    const unverified = cacheStatus.includes('detail=unverified')
    if (status === 304 && known !== undefined) {
      return { value: known.value as T, etag: known.etag, unchanged: true, unverified, cacheStatus }
    }
    const value = freeze(JSON.parse(body)) as T
    const etag = String(headers.etag)
    etags.set(key, { etag, value })
    return { value, etag, unchanged: false, unverified, cacheStatus }
  }

  /** Any other JSON. */
  async json<T>(path: string, { signal }: CallOptions = {}): Promise<T> {
    return JSON.parse((await this.#send({ method: 'GET', path, safe: true, signal })).body)
  }

  /** The answer's JSON; undefined for 204. */
  async write<T>(method: Call['method'], path: string, { ifMatch, headers, ...call }: WriteCall): Promise<T> {
    const condition = ifMatch === undefined ? undefined : `"${ifMatch}"`
    const { status, body } = await this.#send({
      ...call,
      method,
      path,
      headers: { ...headers, 'if-match': condition },
    })
    return (status === 204 ? undefined : JSON.parse(body)) as T
  }

  watch(options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    return watchChanges(this.#deps.streams, this.#user, options)
  }

  get #user(): { 'x-user-id': string | undefined } {
    return { 'x-user-id': this.#deps.userId }
  }

  #send(call: Call): Promise<Reply> {
    return this.#deps.transport.send({ ...call, headers: { ...this.#user, ...call.headers } })
  }
}
