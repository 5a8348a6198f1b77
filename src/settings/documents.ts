import { readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject, jsonTypeOf, own } from '../documents/json.ts'
import { riskOf } from '../documents/risk.ts'
import type { AdminDefaultsCache } from './admin-defaults-cache.ts'
import { changeReport, fieldChanges } from './change-report.ts'
import { envelopeOf, partOf } from './codec.ts'
import { type DocumentReads, refOf } from './document-reads.ts'
import type { DocumentWrites } from './document-writes.ts'
import { invalid, type Limits, mergePatch, plan, requireSettings } from './edits.ts'
import { type Changes, changesIn } from './history-changes.ts'
import type { LiveDocument } from './live-document.ts'
import { versionMissing } from './past.ts'
import type { HistoryPort } from './ports.ts'
import { requireVersions } from './preconditions.ts'
import { isLive, ROOT_KIND } from './provisioning.ts'
import type {
  Actor,
  ChangeReport,
  DocumentAddress,
  DocumentAnswer,
  DocumentService,
  HistoryEntry,
  HistoryPage,
  Precondition,
  Reason,
} from './service.ts'
import { warningsOf, withWarnings } from './warnings.ts'

export interface UserDocumentsDeps {
  readonly reads: DocumentReads
  readonly writes: DocumentWrites
  readonly defaults: AdminDefaultsCache
  readonly limits: Limits
  readonly history: HistoryPort
}

/** Writes of one user's documents, and their history. */
export class UserDocuments implements DocumentService {
  readonly #deps: UserDocumentsDeps

  constructor(deps: UserDocumentsDeps) {
    this.#deps = deps
  }

  async put(
    actor: Actor,
    address: DocumentAddress,
    patch: unknown,
    precondition: Precondition = {},
  ): Promise<DocumentAnswer> {
    const change = requireSettings(patch)
    return this.#edit(actor, address, 'put', precondition, document => mergePatch(document, address, change))
  }

  async previewPut(
    actor: Actor,
    address: DocumentAddress,
    patch: unknown,
    precondition: Precondition = {},
  ): Promise<ChangeReport> {
    const change = requireSettings(patch)
    const defaults = await this.#deps.defaults.current()
    const [document] = await this.#deps.reads.documents(actor, [address.kind])
    requireVersions(actor, [document!], [address], precondition)
    const next = mergePatch(document!, address, change)
    const {
      changes: [planned],
      warnings,
    } = plan(document!, address, next, defaults.data, this.#deps.limits)
    const after = planned === undefined ? document!.data : (readJson(planned.data!) as JsonObject)
    const { kind } = address
    const risk = (path: string, to: unknown) => riskOf(defaults.risks, kind, path, to)
    const changes = fieldChanges(kind, document!.data, after, risk)
    return changeReport(false, changes, warningsOf(kind, warnings))
  }

  async history(actor: Actor, address: DocumentAddress, page: HistoryPage): Promise<readonly HistoryEntry[]> {
    const prefix = address.section
    const select = () => this.#deps.history.list(refOf(actor, address), { ...page, section: prefix })
    const records = await this.#findOrCreate(actor, address, select, ({ length }) => length > 0)
    return records.map(({ changes, ...entry }) => ({
      ...entry,
      changes: changesBelow(prefix, changesIn(changes)),
    }))
  }

  async rollback(
    actor: Actor,
    address: DocumentAddress,
    version: number,
    precondition: Precondition = {},
  ): Promise<DocumentAnswer> {
    const select = () => this.#deps.history.readVersion(refOf(actor, address), ROOT_KIND, version)
    const past = await this.#findOrCreate(actor, address, select, ({ row }) => isLive(row))
    if (!isLive(past.row)) throw versionMissing(version, past.pruned)
    const old = readJson(past.row.data)
    const { section } = address
    const part = section === undefined || !isJsonObject(old) ? old : (own(old, section) ?? {})
    if (!isJsonObject(part)) {
      throw invalid([{ path: 'version', message: `must not be one whose content is ${jsonTypeOf(part)}` }])
    }
    return this.#edit(actor, address, 'rollback', precondition, ({ data }) =>
      section === undefined ? part : { ...data, [section]: part },
    )
  }

  async #edit(
    actor: Actor,
    address: DocumentAddress,
    reason: Reason,
    precondition: Precondition,
    nextOf: (document: LiveDocument) => JsonObject,
  ): Promise<DocumentAnswer> {
    const { writes, limits } = this.#deps
    const defaults = this.#deps.defaults.forWrite()
    const decide = ([document]: readonly LiveDocument[]) => {
      requireVersions(actor, [document!], [address], precondition)
      const { changes, warnings } = plan(document!, address, nextOf(document!), defaults.data, limits)
      return { changes, result: warnings }
    }
    const { rows, result } = await writes.write(actor, [address.kind], reason, decide, defaults.prepare)
    const row = rows[0]!
    const body = withWarnings(envelopeOf(row, partOf(address)), result)
    return { version: row.version, body, status: 'hit' }
  }

  /** The result of `select`. When it is empty the user is created, or USER_NOT_FOUND, and `select` runs again. */
  async #findOrCreate<T>(
    actor: Actor,
    { kind }: DocumentAddress,
    select: () => Promise<T>,
    isFound: (result: T) => boolean,
  ): Promise<T> {
    const result = await select()
    if (isFound(result)) return result
    await this.#deps.reads.read(actor, [{ kind }])
    return await select()
  }
}

/** The changes that touch the section, their paths below it. */
function changesBelow(section: string | undefined, changes: Changes): Changes {
  if (section === undefined) return changes
  const prefix = `${section}.`
  return changes
    .filter(({ path }) => path.startsWith(prefix))
    .map(change => ({ ...change, path: change.path.slice(prefix.length) }))
}
