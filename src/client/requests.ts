import type { ExportedUser, ImportOutcome, ImportSummary, UserToImport } from './answers.ts'
import { UnreachableError } from './errors.ts'
import { type EtagCache, freeze } from './etag-cache.ts'
import type { Fallback } from './fallback.ts'
import { parseJson, stringifyJson } from './json.ts'
import { ownerName } from './last-known.ts'
import type {
  CallOptions,
  ExportOptions,
  IfMatch,
  ImportOptions,
  PastOptions,
  Reading,
  WatchEvent,
  WatchOptions,
} from './options.ts'
import { query, timeOf } from './routes.ts'
import { exportUsers, importUsers } from './transfer.ts'
import type { Call, HttpReply, Transport } from './transport.ts'
import { watchChanges } from './watch.ts'

export interface WriteCall extends CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly ifMatch?: IfMatch | undefined
  readonly safe: boolean
}

export interface RequestsDeps {
  readonly transport: Transport
  /** For connections that stay open: they would use up those of the requests. */
  readonly streams: Transport
  readonly etags: EtagCache
  readonly fallback: Fallback | undefined
  /** Undefined = the user of the token. */
  readonly userId: string | undefined
  readonly actor?: string | undefined
}

/** The kinds of requests there are, on behalf of one user. */
export class Requests {
  readonly #deps: RequestsDeps

  constructor(deps: RequestsDeps) {
    this.#deps = deps
  }

  /**
   * Settings with an ETag: asks whether what is remembered is current, and falls back to what was last known. With a version
   * or a moment: as they were then.
   */
  async read<T>(path: string, { signal, at, version }: PastOptions = {}): Promise<Reading<T>> {
    const past = query({ version, at: timeOf(at) })
    if (past !== '')
      return this.#readPast(path.includes('?') ? `${path}&${past.slice(1)}` : path + past, signal)
    const { fallback, transport } = this.#deps
    // Asked once: should it change before a retry, the tag of one user would go with the token of another.
    const token = await transport.token()
    const writes = fallback?.writes ?? 0
    try {
      return await this.#readFromGateway(path, { token, writes, signal })
    } catch (error) {
      const owner = this.#owner(token)
      const known = await fallback?.find(owner, path, error)
      if (known === undefined) throw error
      const { etag, body, ageMs } = known
      const remembered = this.#deps.etags.get(`${owner}\n${path}`)
      const value =
        remembered?.etag === etag ? remembered.value : this.#remember(owner, path, etag, parseJson(body))
      return { value: value as T, etag, unchanged: false, unverified: true, ageMs, cacheStatus: '' }
    }
  }

  /** Any other JSON. */
  async json<T>(path: string, { signal }: CallOptions = {}): Promise<T> {
    return (await this.#send({ method: 'GET', path, safe: true, signal })).value as T
  }

  /** A write of settings: what is known of them is not the newest any more. The answer's JSON; undefined for 204. */
  async write<T>(method: Call['method'], path: string, call: WriteCall): Promise<T> {
    const { fallback, transport } = this.#deps
    const token = await transport.token()
    const value = await this.plain<T>(method, path, call, token)
    await fallback?.forget(this.#owner(token))
    return value
  }

  /** Any other request. */
  async plain<T>(
    method: Call['method'],
    path: string,
    { ifMatch, headers, ...call }: WriteCall,
    token?: string,
  ): Promise<T> {
    const condition = { 'if-match': ifMatch === undefined ? undefined : entityTag(ifMatch) }
    return (await this.#send({ ...call, method, path, token, headers: { ...headers, ...condition } }))
      .value as T
  }

  /** The same, with the ETag of the answer; '' when it has none. */
  async tagged<T>(
    method: Call['method'],
    path: string,
    call: Omit<WriteCall, 'ifMatch'>,
  ): Promise<{ value: T; etag: string }> {
    const { value, headers } = await this.#send({ ...call, method, path })
    return { value: value as T, etag: String(headers.etag ?? '') }
  }

  exportUsers(options: ExportOptions): AsyncGenerator<ExportedUser, void> {
    return exportUsers(this.#deps.streams, options)
  }

  importUsers(
    users: Iterable<UserToImport> | AsyncIterable<UserToImport>,
    options: ImportOptions,
  ): AsyncGenerator<ImportOutcome, ImportSummary> {
    return importUsers(this.#deps.streams, users, options)
  }

  watch(options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    return watchChanges(this.#deps.streams, this.#user, options)
  }

  async #readFromGateway<T>(
    path: string,
    { token, writes, signal }: { token: string; writes: number; signal: AbortSignal | undefined },
  ): Promise<Reading<T>> {
    const { etags, fallback } = this.#deps
    const owner = this.#owner(token)
    const known = etags.get(`${owner}\n${path}`)
    const { status, headers, body, value } = await this.#send({
      method: 'GET',
      path,
      headers: { 'if-none-match': known?.etag },
      token,
      safe: true,
      signal,
    })
    const cacheStatus = String(headers['cache-status'] ?? '')
    const unverified = cacheStatus.includes('detail=unverified')
    if (status === 304 && known !== undefined) {
      const text = () => stringifyJson(known.value)
      fallback?.remember(owner, path, { etag: known.etag, body: text, unverified }, writes)
      return { value: known.value as T, etag: known.etag, unchanged: true, unverified, cacheStatus }
    }
    if (value === undefined) throw new UnreachableError(`something before the gateway answered ${status}`)
    const etag = String(headers.etag ?? '')
    // A proxy may have dropped the tag: such an answer cannot be asked about again.
    if (etag === '') return { value: freeze(value) as T, etag, unchanged: false, unverified, cacheStatus }
    const frozen = this.#remember(owner, path, etag, value)
    fallback?.remember(owner, path, { etag, body: () => body, unverified }, writes)
    return { value: frozen as T, etag, unchanged: false, unverified, cacheStatus }
  }

  /** Not remembered: each moment has a path of its own, and would take the place of what is polled. */
  async #readPast<T>(path: string, signal: AbortSignal | undefined): Promise<Reading<T>> {
    const { status, headers, value } = await this.#send({ method: 'GET', path, safe: true, signal })
    if (value === undefined) throw new UnreachableError(`something before the gateway answered ${status}`)
    return {
      value: freeze(value) as T,
      etag: String(headers.etag ?? ''),
      unchanged: false,
      unverified: false,
      cacheStatus: String(headers['cache-status'] ?? ''),
    }
  }

  #remember(owner: string, path: string, etag: string, value: unknown): unknown {
    this.#deps.etags.set(`${owner}\n${path}`, { etag, value: freeze(value) })
    return value
  }

  /** Versions of two users may be equal: what one has must not stand for what the other has. */
  #owner(token: string): string {
    return ownerName({ url: this.#deps.transport.url, userId: this.#deps.userId, token })
  }

  get #user(): Readonly<Record<string, string | undefined>> {
    return { 'x-user-id': this.#deps.userId, 'x-actor': this.#deps.actor }
  }

  #send(call: Call): Promise<HttpReply> {
    return this.#deps.transport.send({ ...call, headers: { ...this.#user, ...call.headers } })
  }
}

/** `7` -> `"7"`; an etag of a reading stays as it is. TypeError for anything else: it would match nothing. */
function entityTag(ifMatch: IfMatch): string {
  if (typeof ifMatch === 'number' && Number.isSafeInteger(ifMatch)) return `"${ifMatch}"`
  if (typeof ifMatch === 'string' && /^(\*|"[^"]*")$/.test(ifMatch)) return ifMatch
  throw new TypeError(`ifMatch must be a version or the etag of a reading, such as 7 or "7": ${ifMatch}`)
}
