import type {
  AuditPage,
  ChangeReport,
  ExportedUser,
  ImportOutcome,
  ImportSummary,
  Inspection,
  SyncReport,
  UserPage,
  UserToImport,
} from './answers.ts'
import { BulkChanges } from './bulk-changes.ts'
import type { Envelope } from './documents.ts'
import { NotFoundError } from './errors.ts'
import type { InstanceList } from './later.ts'
import type {
  AuditOptions,
  CallOptions,
  ExportOptions,
  ImportOptions,
  PastOptions,
  Reading,
  UserListOptions,
  WriteOptions,
} from './options.ts'
import type { Requests } from './requests.ts'
import { query, timeOf } from './routes.ts'

const DEFAULTS = '/api/admin/defaults'

/** The format of default-settings.json, the bot's own. */
export type DefaultsFile = Readonly<Record<string, unknown>>

/** What only admins may. Everything rejects as Transport.send says. */
export class Admin {
  /** Changes of one document of many users. */
  readonly bulk: BulkChanges
  readonly #requests: Requests

  /** @internal */
  constructor(requests: Requests) {
    this.bulk = new BulkChanges(requests)
    this.#requests = requests
  }

  /** What users start from; with `version` or `at` what they started from then. */
  async defaults(options?: PastOptions): Promise<Reading<Envelope<DefaultsFile>>> {
    return this.#requests.read(DEFAULTS, options)
  }

  /** Merged like a document; users keep what they have. With `ifMatch` it is sent again when it got no answer. */
  async putDefaults(patch: DefaultsFile, options: WriteOptions = {}): Promise<Envelope<DefaultsFile>> {
    const safe = options.ifMatch !== undefined
    return this.#requests.write('PUT', DEFAULTS, { body: patch, safe, ...options })
  }

  /** What putDefaults would change; nothing is written. */
  async previewDefaults(patch: DefaultsFile, options: WriteOptions = {}): Promise<ChangeReport> {
    return this.#requests.plain('PUT', `${DEFAULTS}?dry_run=true`, { body: patch, safe: true, ...options })
  }

  /** Publishes the gateway's file, or the documents of a user, as the defaults. */
  async syncDefaults(
    source: 'file' | { readonly userId: string } = 'file',
    options: WriteOptions = {},
  ): Promise<SyncReport> {
    const body = source === 'file' ? { source } : { source: 'user', user_id: source.userId }
    return this.#requests.write('POST', '/api/admin/sync-defaults', { body, safe: false, ...options })
  }

  /** All documents of the user and their keys. NotFoundError when there is none. */
  async deleteUser(userId: string, options: WriteOptions = {}): Promise<void> {
    try {
      await this.#requests.plain('DELETE', `/api/users/${encodeURIComponent(userId)}`, {
        safe: true,
        ...options,
      })
    } catch (error) {
      // The attempt without an answer had deleted the user.
      if (!(error instanceof NotFoundError) || !error.afterLostAttempt) throw error
    }
  }

  /** A user's Redis keys beside the rows. */
  async inspectCache(userId: string, options?: CallOptions): Promise<Inspection> {
    return this.#requests.json(`/api/admin/cache/${encodeURIComponent(userId)}`, options)
  }

  /** Puts all documents of a user into Redis; resolves to the number of keys that hold a value then. */
  async warmCache(userId: string, options: CallOptions = {}): Promise<number> {
    const path = `/api/admin/cache/${encodeURIComponent(userId)}/warm`
    const { keys } = await this.#requests.plain<{ keys: number }>('POST', path, { safe: true, ...options })
    return keys
  }

  /** A page of users, in the order of their ids; services may call it too. It may be empty before the last one: go on while there is `next`. */
  async users({ prefix, where = [], limit, cursor, ...options }: UserListOptions = {}): Promise<UserPage> {
    const conditions = where.map(condition => `where=${encodeURIComponent(condition)}`)
    const rest = query({ q: prefix, limit, cursor }).slice(1)
    const all = [rest, ...conditions].filter(part => part !== '').join('&')
    return this.#requests.json(`/api/admin/users${all === '' ? '' : `?${all}`}`, options)
  }

  /** A page of the changes of all users and of the defaults, newest first. It may be empty before the last one: go on while there is `next`. */
  async audit({
    userId,
    updatedBy,
    from,
    until,
    reason,
    limit,
    cursor,
    ...options
  }: AuditOptions = {}): Promise<AuditPage> {
    const filter = {
      user_id: userId,
      updated_by: updatedBy,
      reason,
      from: timeOf(from),
      until: timeOf(until),
    }
    return this.#requests.json(`/api/admin/audit${query({ ...filter, limit, cursor })}`, options)
  }

  /** The instances of the gateway that use its database, the last started first. */
  async instances(options?: CallOptions): Promise<InstanceList> {
    return this.#requests.json('/api/admin/instances', options)
  }

  /** Every user with all documents, or the one named, as fast as they are taken: memory does not grow with them. */
  exportUsers(options: ExportOptions = {}): AsyncGenerator<ExportedUser, void> {
    return this.#requests.exportUsers(options)
  }

  /**
   * Imports users, each in one transaction; yields what became of each, in their order, and returns the counts. Takes
   * users no faster than the gateway stores them, and sends again those without an answer.
   */
  importUsers(
    users: Iterable<UserToImport> | AsyncIterable<UserToImport>,
    options: ImportOptions = {},
  ): AsyncGenerator<ImportOutcome, ImportSummary> {
    return this.#requests.importUsers(users, options)
  }
}
