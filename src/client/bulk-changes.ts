import type { DocumentKind } from './documents.ts'
import type { BulkChange, BulkChangeDetails, BulkPreview, NewBulkChange } from './later.ts'
import type { CallOptions, WriteOptions } from './options.ts'
import type { Requests } from './requests.ts'

const ROUTE = '/api/admin/bulk-changes'

/** Changes of one document of many users. What starts, ends or takes one back is sent once only. */
export class BulkChanges {
  readonly #requests: Requests

  /** @internal */
  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** What it would change, and of how many users; nothing is written. `etag` is for `start`. */
  async preview<K extends DocumentKind>(
    change: NewBulkChange<K>,
    options: CallOptions = {},
  ): Promise<{ readonly report: BulkPreview; readonly etag: string }> {
    const call = { body: change, safe: true, ...options }
    const { value, etag } = await this.#requests.tagged<BulkPreview>('POST', `${ROUTE}?dry_run=true`, call)
    return { report: value, etag }
  }

  /** Begins; `get` tells how far it is. With `ifMatch`, the `etag` of a preview, users who were changed since are refused. */
  async start<K extends DocumentKind>(
    change: NewBulkChange<K>,
    options: WriteOptions = {},
  ): Promise<BulkChange> {
    return this.#requests.plain('POST', ROUTE, { body: change, safe: false, ...options })
  }

  async get(id: string, options?: CallOptions): Promise<BulkChangeDetails> {
    return this.#requests.json(`${ROUTE}/${encodeURIComponent(id)}`, options)
  }

  /** Newest first: those that run, and those that ended in the last 30 days. */
  async list(options?: CallOptions): Promise<readonly BulkChange[]> {
    const { bulk_changes: changes } = await this.#requests.json<{ bulk_changes: BulkChange[] }>(
      ROUTE,
      options,
    )
    return changes
  }

  /** No further user is changed; those who were stay so. Rejects with the code CONFLICT when it has ended. */
  async cancel(id: string, options: CallOptions = {}): Promise<BulkChangeDetails> {
    return this.#requests.plain('POST', `${ROUTE}/${encodeURIComponent(id)}/cancel`, {
      safe: false,
      ...options,
    })
  }

  /** Begins another one that takes it back, for every user who has not changed the field since. */
  async revert(id: string, options: CallOptions = {}): Promise<BulkChange> {
    return this.#requests.plain('POST', `${ROUTE}/${encodeURIComponent(id)}/revert`, {
      safe: false,
      ...options,
    })
  }
}
