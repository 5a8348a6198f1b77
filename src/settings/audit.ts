import { invalidQuery } from './edits.ts'
import { changesIn } from './history-changes.ts'
import type { AuditFilter, AuditPort, AuditPosition } from './ports.ts'
import type { HistoryEntry } from './service.ts'

/** A change of any user's documents, or of the admin defaults (`@admin`, `defaults`). */
export interface AuditEntry extends HistoryEntry {
  readonly user_id: string
  /** Its kind, such as `mode.scalp`. */
  readonly document: string
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[]
  /** Cursor of the next page; null when this one is the last. The last one alone may have fewer entries than asked for, unless a filter seldom matches. */
  readonly next: string | null
}

export interface AuditService {
  /** VALIDATION_FAILED when the cursor is not `next` of another page. */
  list(filter: AuditFilter, limit: number, cursor: string | undefined): Promise<AuditPage>
}

/** A tenth of a second of work: a page of a filter that seldom matches ends there, and `next` goes on behind it. */
const SCAN = 50_000

/** Who changed what of whom, when and why. */
export class Audit implements AuditService {
  readonly #port: AuditPort

  constructor(port: AuditPort) {
    this.#port = port
  }

  async list(filter: AuditFilter, limit: number, cursor: string | undefined): Promise<AuditPage> {
    const after = cursor === undefined ? undefined : positionIn(cursor)
    // One more than asked for tells whether there is another page.
    const records = await this.#port.audit({ ...filter, after, limit: limit + 1, scan: SCAN })
    const page = records.slice(0, limit)
    const last = records.length > limit ? page.at(-1)! : records.find(({ ends }) => ends)
    return {
      entries: page
        .filter(({ matches }) => matches)
        .map(({ microseconds: _microseconds, matches: _matches, ends: _ends, changes, ...entry }) => ({
          ...entry,
          changes: changesIn(changes),
        })),
      next: last === undefined ? null : cursorOf(last),
    }
  }
}

function cursorOf({ microseconds, user_id, document, version }: AuditPosition): string {
  return Buffer.from(JSON.stringify([microseconds, user_id, document, version])).toString('base64url')
}

function positionIn(cursor: string): AuditPosition {
  const position = parsed(cursor)
  if (position !== undefined && cursorOf(position) === cursor) return position
  throw invalidQuery([{ path: 'cursor', message: 'must be `next` of another page' }])
}

/** Only what cursorOf makes is accepted, so the shape alone is looked at here. */
function parsed(cursor: string): AuditPosition | undefined {
  try {
    const [microseconds, user_id, document, version] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const isPosition =
      Number.isSafeInteger(microseconds) &&
      Number.isSafeInteger(version) &&
      typeof user_id === 'string' &&
      typeof document === 'string' &&
      !`${user_id}${document}`.includes('\0')
    return isPosition ? { microseconds, user_id, document, version } : undefined
  } catch {
    return undefined
  }
}
