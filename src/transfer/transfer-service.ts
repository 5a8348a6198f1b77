import { invalidQuery } from '../settings/edits.ts'
import { checkWhere } from './check-where.ts'
import { type ExportDeps, exportUsers } from './export.ts'
import {
  type ImportDeps,
  type ImportOptions,
  type ImportOutcome,
  type ImportSummary,
  importUsers,
} from './import.ts'
import type { FoundUsers, ListedUser } from './ports.ts'

export interface UserListQuery {
  readonly prefix: string
  /** Conditions as text, such as `mode.scalp:size.leverage>10`. */
  readonly where: readonly string[]
  readonly limit: number
  /** `next` of the page before; undefined = the first one. */
  readonly cursor: string | undefined
}

export interface UserPage {
  readonly users: readonly ListedUser[]
  /** Cursor of the next page; null when this one is the last. */
  readonly next: string | null
}

/** What the routes of users, export and import call. */
export interface TransferService {
  /** VALIDATION_FAILED when a condition or the cursor is not valid. */
  listUsers(query: UserListQuery): Promise<UserPage>
  /** Lines of NDJSON. */
  exportUsers(only?: string): AsyncGenerator<string>
  importUsers(
    source: AsyncIterable<Buffer>,
    options: ImportOptions,
  ): AsyncGenerator<ImportOutcome | ImportSummary>
}

export interface TransferDeps extends ExportDeps, ImportDeps {
  readonly counter: ExportDeps['counter'] & ImportDeps['counter']
}

/** Users whom one statement looks at: some tens of milliseconds. */
const USERS_PER_LOOK = 500
/** A page of a search ends after it, however few were found: the caller goes on behind the last user looked at. */
const SEARCH_MS = 100

/** Lists, exports and imports users. */
export class Transfer implements TransferService {
  readonly #deps: TransferDeps

  constructor(deps: TransferDeps) {
    this.#deps = deps
  }

  async listUsers({ prefix, where, limit, cursor }: UserListQuery): Promise<UserPage> {
    const { conditions, faults } = await this.#conditions(where)
    const after = cursor === undefined ? '' : idIn(cursor)
    if (after === undefined) faults.push({ path: 'cursor', message: 'must be `next` of another page' })
    if (faults.length > 0) throw invalidQuery(faults)
    const query = { prefix, where: conditions, looks: conditions.length > 0 ? USERS_PER_LOOK : limit + 1 }
    const endsAt = performance.now() + SEARCH_MS
    const users: ListedUser[] = []
    let last: string | null = after!
    do {
      // One more than asked for tells whether there is another page.
      const found: FoundUsers = await this.#deps.store.list({
        ...query,
        after: last,
        limit: limit + 1 - users.length,
      })
      users.push(...found.users)
      last = found.last
    } while (last !== null && users.length <= limit && performance.now() < endsAt)
    if (users.length > limit)
      return { users: users.slice(0, limit), next: cursorOf(users[limit - 1]!.user_id) }
    return { users, next: last === null ? null : cursorOf(last) }
  }

  exportUsers(only?: string): AsyncGenerator<string> {
    return exportUsers(this.#deps, only)
  }

  importUsers(
    source: AsyncIterable<Buffer>,
    options: ImportOptions,
  ): AsyncGenerator<ImportOutcome | ImportSummary> {
    return importUsers(this.#deps, source, options)
  }

  async #conditions(where: readonly string[]): Promise<ReturnType<typeof checkWhere>> {
    // A page without a condition needs no defaults.
    if (where.length === 0) return { conditions: [], faults: [] }
    return checkWhere(where, (await this.#deps.defaults.current()).data)
  }
}

function cursorOf(userId: string): string {
  return Buffer.from(userId).toString('base64url')
}

function idIn(cursor: string): string | undefined {
  const id = Buffer.from(cursor, 'base64url').toString()
  return cursorOf(id) === cursor ? id : undefined
}
