import type { SequenceNumbers } from '../settings/sequence-service.ts'
import type { ChangeReport, Comparison, HistoryEntry } from '../settings/service.ts'
import type {
  DecisionSettings,
  DocumentKind,
  Documents,
  Envelope,
  Mode,
  ModeConfig,
  Patch,
  SafetySettings,
} from './documents.ts'
import { VersionMismatchError } from './errors.ts'
import { ExchangeCache } from './exchange.ts'
import type { DefaultsScope, PutOptions, UpdateOptions } from './options.ts'
import type { CallOptions, Reading, Requests } from './requests.ts'
import { DECISION_SETTINGS, MODES, routeOf, SAFETY_SETTINGS } from './routes.ts'
import type { WatchEvent, WatchOptions } from './watch.ts'

/** One user's settings, order numbers and exchange cache. Everything rejects as Transport.send says. */
export class UserSettings {
  readonly exchange: ExchangeCache
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.exchange = new ExchangeCache(requests)
    this.#requests = requests
  }

  /** Everything one decision cycle needs, all of one moment; with `mode` only that mode's documents. */
  decisionSettings<M extends Mode = Mode>(
    options: CallOptions & { readonly mode?: M } = {},
  ): Promise<Reading<DecisionSettings<M>>> {
    const query = options.mode === undefined ? '' : `?mode=${options.mode}`
    return this.#requests.read(`${DECISION_SETTINGS}${query}`, options)
  }

  get<K extends DocumentKind>(kind: K, options?: CallOptions): Promise<Reading<Envelope<Documents[K]>>> {
    return this.#requests.read(routeOf(kind), options)
  }

  /** Stores a part of a document or all of it; resolves to the new version. InvalidRequestError names every fault. */
  put<K extends DocumentKind>(
    kind: K,
    patch: Patch<Documents[K]>,
    { ifMatch, ...options }: PutOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    const safe = ifMatch !== undefined
    return this.#requests.write('PUT', routeOf(kind), { body: patch, ifMatch, safe, ...options })
  }

  /** What a put would change; nothing is written. */
  preview<K extends DocumentKind>(
    kind: K,
    patch: Patch<Documents[K]>,
    options?: CallOptions,
  ): Promise<ChangeReport> {
    return this.#requests.write('PUT', `${routeOf(kind)}?dry_run=true`, {
      body: patch,
      safe: true,
      ...options,
    })
  }

  /**
   * Reads, asks `change` for a patch, and stores it if nobody was faster; else all of it again. VersionMismatchError
   * when somebody was faster every time.
   */
  async update<K extends DocumentKind>(
    kind: K,
    change: (current: Documents[K]) => Patch<Documents[K]>,
    { attempts = 5, ...options }: UpdateOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    let { value: current } = await this.get(kind, options)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.put(kind, change(current.data), { ifMatch: current.version, ...options })
      } catch (error) {
        if (!(error instanceof VersionMismatchError) || attempt >= attempts) throw error
        current = error.current as Envelope<Documents[K]>
      }
    }
  }

  mode(mode: Mode, options?: CallOptions): Promise<Reading<Envelope<ModeConfig>>> {
    return this.get(`mode.${mode}`, options)
  }

  putMode(mode: Mode, patch: Patch<ModeConfig>, options?: PutOptions): Promise<Envelope<ModeConfig>> {
    return this.put(`mode.${mode}`, patch, options)
  }

  modes(options?: CallOptions): Promise<Reading<Record<Mode, Envelope<ModeConfig>>>> {
    return this.#requests.read(MODES, options)
  }

  safetySettings(options?: CallOptions): Promise<Reading<Record<Mode, Envelope<SafetySettings>>>> {
    return this.#requests.read(SAFETY_SETTINGS, options)
  }

  /** Newest first; `before` = only versions below it. */
  history(
    kind: DocumentKind,
    {
      limit = 50,
      before,
      ...options
    }: CallOptions & { readonly limit?: number; readonly before?: number } = {},
  ): Promise<readonly HistoryEntry[]> {
    const below = before === undefined ? '' : `&before=${before}`
    return this.#requests.json(`${routeOf(kind)}/history?limit=${limit}${below}`, options)
  }

  /** The content of an old version becomes the newest one. */
  rollback<K extends DocumentKind>(
    kind: K,
    version: number,
    { ifMatch, ...options }: PutOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    const safe = ifMatch !== undefined
    return this.#requests.write('POST', `${routeOf(kind)}/rollback`, {
      body: { version },
      ifMatch,
      safe,
      ...options,
    })
  }

  /** With `preview` nothing is written. */
  loadDefaults(
    scope: DefaultsScope,
    { preview = false, ...options }: CallOptions & { readonly preview?: boolean } = {},
  ): Promise<ChangeReport> {
    if (scope === 'settings')
      throw new TypeError('settings alone cannot be loaded: its sections can, or `all`')
    const route = scope === 'all' ? routeOf('settings') : scope === 'modes' ? MODES : routeOf(scope)
    return this.#requests.write('POST', `${route}/load-defaults?preview=${preview}`, {
      safe: preview,
      ...options,
    })
  }

  /** One field back to its default. */
  reset(
    document: DocumentKind,
    path: string,
    { preview = false, ...options }: CallOptions & { readonly preview?: boolean } = {},
  ): Promise<ChangeReport> {
    const body = { document, path }
    return this.#requests.write('POST', `/api/user/settings/reset?preview=${preview}`, {
      body,
      safe: preview,
      ...options,
    })
  }

  comparison(options?: CallOptions): Promise<Comparison> {
    return this.#requests.json('/api/user/settings/comparison', options)
  }

  /**
   * Draws order numbers. Sent once only: a second one would take other numbers. With an idempotency key it is sent
   * again when it got no answer, and answers the same numbers for 10 minutes.
   */
  nextSequence({
    count,
    idempotencyKey,
    ...options
  }: CallOptions & {
    readonly count?: number
    readonly idempotencyKey?: string
  } = {}): Promise<SequenceNumbers> {
    return this.#requests.write('POST', '/api/user/sequence', {
      ...(count === undefined ? {} : { body: { count } }),
      headers: { 'idempotency-key': idempotencyKey },
      safe: idempotencyKey !== undefined,
      ...options,
    })
  }

  /** The last number handed out today, 0 if none. */
  lastSequence(options?: CallOptions): Promise<Pick<SequenceNumbers, 'user_id' | 'date' | 'sequence'>> {
    return this.#requests.json('/api/user/sequence', options)
  }

  /** The changes as they happen, until the signal. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    return this.#requests.watch(options)
  }
}
