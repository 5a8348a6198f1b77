import type { ChangeReport, Comparison, HistoryEntry, LastSequence, SequenceNumbers } from './answers.ts'
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
import { NotFoundError } from './errors.ts'
import { ExchangeCache } from './exchange.ts'
import type { CreatedSchedule, NewSchedule, Schedule } from './later.ts'
import type {
  CallOptions,
  DefaultsScope,
  DrawOptions,
  HistoryOptions,
  MomentOptions,
  PastOptions,
  PreviewableOptions,
  PutOptions,
  Reading,
  UpdateOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './options.ts'
import { putDocument } from './put-document.ts'
import type { Requests } from './requests.ts'
import { DECISION_SETTINGS, MODES, query, routeOf, SAFETY_SETTINGS, SCHEDULES, timeOf } from './routes.ts'
import { updateDocument } from './update-document.ts'

/** One user's settings, order numbers and exchange cache. Everything rejects as Transport.send says. */
export class UserSettings {
  readonly exchange: ExchangeCache
  readonly #requests: Requests

  /** @internal */
  constructor(requests: Requests) {
    this.exchange = new ExchangeCache(requests)
    this.#requests = requests
  }

  /** Everything one decision cycle needs, all of one moment: now, or `at`. With `mode` only that mode's documents. */
  async decisionSettings<M extends Mode = Mode>({
    mode,
    ...options
  }: MomentOptions & { readonly mode?: M } = {}): Promise<Reading<DecisionSettings<M>>> {
    return this.#requests.read(`${DECISION_SETTINGS}${query({ mode })}`, options)
  }

  /** As it is; with `version` or `at` as it was. NotFoundError: it was not there, or is no longer kept (HISTORY_PRUNED). */
  async get<K extends DocumentKind>(
    kind: K,
    options?: PastOptions,
  ): Promise<Reading<Envelope<Documents[K]>>> {
    return this.#requests.read(routeOf(kind), options)
  }

  /** Stores a part of a document or all of it; resolves to the new version. InvalidRequestError names every fault. */
  async put<K extends DocumentKind>(
    kind: K,
    patch: Patch<Documents[K]>,
    options: PutOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    return putDocument(this.#requests, kind, patch, options)
  }

  /** What a put would change; nothing is written. */
  async preview<K extends DocumentKind>(
    kind: K,
    patch: Patch<Documents[K]>,
    options: WriteOptions = {},
  ): Promise<ChangeReport> {
    return this.#requests.plain('PUT', `${routeOf(kind)}?dry_run=true`, {
      body: patch,
      safe: true,
      ...options,
    })
  }

  /**
   * Reads, asks `change` for a patch, and stores it if no other caller was faster; else all of it again.
   * VersionMismatchError when another one was faster every time, or when the own change may be stored already.
   */
  async update<K extends DocumentKind>(
    kind: K,
    change: (current: Documents[K]) => Patch<Documents[K]>,
    options: UpdateOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    return updateDocument(this.#requests, kind, change, options)
  }

  async mode(mode: Mode, options?: PastOptions): Promise<Reading<Envelope<ModeConfig>>> {
    return this.get(`mode.${mode}`, options)
  }

  async putMode(mode: Mode, patch: Patch<ModeConfig>, options?: PutOptions): Promise<Envelope<ModeConfig>> {
    return this.put(`mode.${mode}`, patch, options)
  }

  async modes(options?: MomentOptions): Promise<Reading<Record<Mode, Envelope<ModeConfig>>>> {
    return this.#requests.read(MODES, options)
  }

  async safetySettings(options?: MomentOptions): Promise<Reading<Record<Mode, Envelope<SafetySettings>>>> {
    return this.#requests.read(SAFETY_SETTINGS, options)
  }

  /** Newest first. */
  async history(
    kind: DocumentKind,
    { limit = 50, before, ...options }: HistoryOptions = {},
  ): Promise<readonly HistoryEntry[]> {
    return this.#requests.json(`${routeOf(kind)}/history${query({ limit, before })}`, options)
  }

  /** The content of an old version becomes the newest one. */
  async rollback<K extends DocumentKind>(
    kind: K,
    version: number,
    options: WriteOptions = {},
  ): Promise<Envelope<Documents[K]>> {
    return this.#requests.write('POST', `${routeOf(kind)}/rollback`, {
      body: { version },
      safe: options.ifMatch !== undefined,
      ...options,
    })
  }

  /** With `preview` nothing is written. */
  async loadDefaults(
    scope: DefaultsScope,
    { preview = false, ...options }: PreviewableOptions = {},
  ): Promise<ChangeReport> {
    if (scope === 'settings')
      throw new TypeError('settings alone cannot be loaded: its sections can, or `all`')
    const route = scope === 'all' ? routeOf('settings') : scope === 'modes' ? MODES : routeOf(scope)
    return this.#change(`${route}/load-defaults${query({ preview })}`, preview, options)
  }

  /** One field back to its default. With `preview` nothing is written. */
  async reset(
    document: DocumentKind,
    path: string,
    { preview = false, ...options }: PreviewableOptions = {},
  ): Promise<ChangeReport> {
    const body = { document, path }
    return this.#change(`/api/user/settings/reset${query({ preview })}`, preview, { body, ...options })
  }

  /**
   * Changes a document at `at`, and back at `until`. Sent once only. With `ifMatch` it takes effect only if the document still
   * has that version then.
   */
  async schedule<K extends DocumentKind>(
    kind: K,
    { at, until, data, note }: NewSchedule<K>,
    options: WriteOptions = {},
  ): Promise<CreatedSchedule> {
    const body = { at: timeOf(at), until: timeOf(until), data, note }
    return this.#requests.plain('POST', `${routeOf(kind)}/schedule`, { body, safe: false, ...options })
  }

  /** Open ones in the order in which they are due, then those that ended in the last 30 days. */
  async schedules(options?: CallOptions): Promise<readonly Schedule[]> {
    const { schedules } = await this.#requests.json<{ schedules: Schedule[] }>(SCHEDULES, options)
    return schedules
  }

  /** What has taken effect stays as it is. NotFoundError unless it is open. */
  async cancelSchedule(id: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#requests.plain('DELETE', `${SCHEDULES}/${encodeURIComponent(id)}`, {
        safe: true,
        ...options,
      })
    } catch (error) {
      // The attempt without an answer had cancelled it.
      if (!(error instanceof NotFoundError) || !error.afterLostAttempt) throw error
    }
  }

  async comparison(options?: CallOptions): Promise<Comparison> {
    return this.#requests.json('/api/user/settings/comparison', options)
  }

  /**
   * Draws order numbers. Sent once only: a second one would take other numbers. With an idempotency key it is sent
   * again when it got no answer, and answers the same numbers for 10 minutes.
   */
  async nextSequence({ count, idempotencyKey, ...options }: DrawOptions = {}): Promise<SequenceNumbers> {
    return this.#requests.plain('POST', '/api/user/sequence', {
      ...(count === undefined ? {} : { body: { count } }),
      headers: { 'idempotency-key': idempotencyKey },
      safe: idempotencyKey !== undefined,
      ...options,
    })
  }

  /** The last number handed out today, 0 if none. */
  async lastSequence(options?: CallOptions): Promise<LastSequence> {
    return this.#requests.json('/api/user/sequence', options)
  }

  /** The changes as they happen, until the signal. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    return this.#requests.watch(options)
  }

  async #change(
    path: string,
    preview: boolean,
    call: WriteOptions & { readonly body?: unknown },
  ): Promise<ChangeReport> {
    if (preview) return this.#requests.plain('POST', path, { ...call, safe: true })
    return this.#requests.write('POST', path, { ...call, safe: false })
  }
}
