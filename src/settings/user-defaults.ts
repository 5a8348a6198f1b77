import type { PlannedChange } from '../consistency/decision.ts'
import { inOurPath } from '../documents/aliases.ts'
import { DOCUMENTS, findKind, KINDS } from '../documents/catalogue.ts'
import { applyDefaults, compareDocument, differencesOf, resetField } from '../documents/compare.ts'
import { documentDefaults } from '../documents/defaults.ts'
import { findField } from '../documents/find-field.ts'
import type { JsonObject } from '../documents/json.ts'
import { joinPath, splitPath } from '../documents/paths.ts'
import { unknownName } from '../documents/unknown-fields.ts'
import { validateDocument } from '../documents/validate.ts'
import type { AdminDefaultsCache, ParsedDefaults } from './admin-defaults-cache.ts'
import { changeReport } from './change-report.ts'
import type { DocumentReads } from './document-reads.ts'
import type { DocumentWrites } from './document-writes.ts'
import { invalid, type Limits, plan } from './edits.ts'
import type { LiveDocument } from './live-document.ts'
import { requireVersions } from './preconditions.ts'
import type {
  Actor,
  ChangeReport,
  Comparison,
  DefaultsOptions,
  DefaultsScope,
  DefaultsService,
  DocumentAddress,
  FieldChange,
  Reason,
  Warning,
} from './service.ts'
import { warningsOf } from './warnings.ts'

export interface DefaultsDeps {
  readonly reads: DocumentReads
  readonly writes: DocumentWrites
  readonly defaults: AdminDefaultsCache
  readonly limits: Limits
}

/** Paths are as long as names may be. */
const SHOWN_PATH = 200

/** The document after the change, given its defaults. Pure. */
type Next = (data: JsonObject, defaults: JsonObject) => JsonObject

/** A user's documents against the admin defaults. */
export class UserDefaults implements DefaultsService {
  readonly #deps: DefaultsDeps

  constructor(deps: DefaultsDeps) {
    this.#deps = deps
  }

  loadDefaults(actor: Actor, scope: DefaultsScope, options: DefaultsOptions): Promise<ChangeReport> {
    const addresses = addressesOf(scope)
    const section = addresses.length === 1 ? addresses[0]?.section : undefined
    const next: Next = (data, defaults) => applyDefaults(data, defaults, section)
    return this.#change(actor, addresses, 'load-defaults', next, options)
  }

  async reset(
    actor: Actor,
    { document, path }: { readonly document: string; readonly path: string },
    options: DefaultsOptions,
  ): Promise<ChangeReport> {
    const kind = findKind(document)
    if (kind === undefined) {
      throw invalid([{ path: 'document', message: unknownName('document', document, KINDS) }])
    }
    const names = inOurPath(kind, splitPath(path))
    const ourPath = names.reduce(joinPath, '')
    const next: Next = (data, defaults) => {
      const reset = resetField(data, defaults, ourPath)
      if (reset !== undefined) return reset
      const field = findField(kind, names, [data, defaults], { mustExist: true })
      const reason = typeof field === 'string' ? field : `there is no ${path.slice(0, SHOWN_PATH)}`
      throw invalid([{ path: 'path', message: `${kind}: ${reason}` }])
    }
    return this.#change(actor, [{ kind }], 'reset', next, options)
  }

  async comparison(actor: Actor): Promise<Comparison> {
    const defaults = await this.#deps.defaults.current()
    const documents: Record<string, readonly FieldChange[]> = {}
    const found = await this.#deps.reads.documents(actor, KINDS)
    KINDS.forEach((kind, index) => {
      const changes = compareDocument(
        kind,
        found[index]!.data,
        documentDefaults(defaults.data, kind),
        defaults.risks,
      )
      if (changes.length > 0) documents[kind] = changes
    })
    const warnings = KINDS.flatMap((kind, index) => {
      const { data } = found[index]!
      return warningsOf(kind, validateDocument(kind, data, [documentDefaults(defaults.data, kind), data]))
    })
    const all = Object.values(documents).flat()
    const count = (risk: FieldChange['risk']) => all.filter(change => change.risk === risk).length
    return {
      all_match: all.length === 0,
      total_changes: all.length,
      high_risk: count('high'),
      medium_risk: count('medium'),
      low_risk: count('low'),
      documents,
      ...(warnings.length === 0 ? {} : { warnings }),
    }
  }

  /** One transaction for all documents; the preview does the same on the documents of a read. */
  async #change(
    actor: Actor,
    addresses: readonly DocumentAddress[],
    reason: Reason,
    next: Next,
    { preview, ...precondition }: DefaultsOptions,
  ): Promise<ChangeReport> {
    const { reads, writes, defaults: cache, limits } = this.#deps
    const defaults = await cache.current()
    const kinds = addresses.map(({ kind }) => kind)
    const decide = (documents: readonly LiveDocument[]) => {
      requireVersions(actor, documents, addresses, precondition)
      const steps = documents.map((document, index) =>
        step(document, addresses[index]!, next, defaults, limits),
      )
      return { changes: steps.flatMap(({ planned }) => planned), result: steps }
    }
    const { result: steps } = preview
      ? decide(await reads.documents(actor, kinds))
      : await writes.write(actor, kinds, reason, decide)
    const changes = steps.flatMap(each => each.changes)
    return changeReport(
      !preview,
      changes,
      steps.flatMap(each => each.warnings),
    )
  }
}

interface Step {
  readonly planned: readonly PlannedChange[]
  readonly changes: readonly FieldChange[]
  readonly warnings: readonly Warning[]
}

/**
 * The change of one document, and what it does field by field. These are the differences that it takes away; one that it takes
 * away in part, such as a field of an object that stands in the place of a text, is told as far as it goes.
 */
function step(
  document: LiveDocument,
  address: DocumentAddress,
  next: Next,
  { data: defaults, risks }: ParsedDefaults,
  limits: Limits,
): Step {
  const { kind } = address
  const after = next(document.data, documentDefaults(defaults, kind))
  const { changes: planned, fields, warnings } = plan(document, address, after, defaults, limits)
  return {
    planned,
    warnings: warningsOf(kind, warnings),
    changes: differencesOf(kind, fields, risks),
  }
}

function addressesOf(scope: DefaultsScope): readonly DocumentAddress[] {
  if (scope === 'all') return KINDS.map(kind => ({ kind }))
  if ('kind' in scope) return [scope]
  return DOCUMENTS.filter(({ family }) => family === scope.family).map(({ kind }) => ({ kind }))
}
