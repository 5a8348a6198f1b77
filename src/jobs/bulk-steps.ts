import { readJson } from '../documents/json/read.ts'
import type { JsonObject } from '../documents/json.ts'
import { DomainError } from '../errors.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import type { DocumentWrites } from '../settings/document-writes.ts'
import { type Limits, mergePatch, plan } from '../settings/edits.ts'
import type { LiveDocument } from '../settings/live-document.ts'
import type { ClaimedBulk, PendingUser } from './bulk-ports.ts'
import { changesIn, restore } from './restore.ts'

export interface BulkStepsDeps {
  readonly writes: DocumentWrites
  readonly defaults: AdminDefaultsCache
  readonly limits: Limits
}

/** The part of a bulk change that concerns one user: an ordinary write, which marks the user in its own transaction. */
export class BulkSteps {
  readonly #deps: BulkStepsDeps

  constructor(deps: BulkStepsDeps) {
    this.#deps = deps
  }

  /** False when it changes nothing. Throws what a PUT throws, and creates no user. */
  async change(bulk: ClaimedBulk, user: PendingUser): Promise<boolean> {
    const { writes, defaults: cache, limits } = this.#deps
    const defaults = cache.forWrite()
    const actor = { userId: user.userId, caller: bulk.createdBy, isLooking: true }
    const decide = ([document]: readonly LiveDocument[]) => {
      const next = nextOf(bulk, user, document!)
      const { changes } = plan(document!, { kind: bulk.kind }, next, defaults.data, limits)
      return { changes, result: changes.length > 0 }
    }
    const reason = `bulk:${bulk.id}`
    return (await writes.writeMany(actor, [bulk.kind], reason, decide, defaults.prepare)).result
  }
}

function nextOf(bulk: ClaimedBulk, user: PendingUser, document: LiveDocument): JsonObject {
  if (bulk.reverts !== null) {
    if (user.changes !== null) return restore(document.data, changesIn(user.changes))
    throw new DomainError('HISTORY_PRUNED', `the history no longer has version ${user.version}`)
  }
  if (bulk.isGuarded && user.version !== document.row.version) {
    throw new DomainError('VERSION_MISMATCH', 'the document was changed since the dry run (If-Match)')
  }
  return mergePatch(document, { kind: bulk.kind }, readJson(bulk.data) as JsonObject)
}
