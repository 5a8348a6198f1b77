import { refId } from '../consistency/batch-reader.ts'
import type { PlannedChange } from '../consistency/decision.ts'
import type { DocumentRef, Row } from '../consistency/document-rows.ts'
import { inOurNames } from '../documents/aliases.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { diff } from '../documents/changes.ts'
import { complete } from '../documents/complete.ts'
import { defaultContent, defaultsInOrder } from '../documents/defaults.ts'
import type { JsonObject } from '../documents/json.ts'
import { containsPatch, mergeDocument } from '../documents/merge.ts'
import { joinPath } from '../documents/paths.ts'
import { judgeChange, validateDocument } from '../documents/validate.ts'
import { DomainError, type Fault } from '../errors.ts'
import { type Limits, requireSize } from '../settings/edits.ts'
import { isLive } from '../settings/provisioning.ts'
import { repairableData } from '../settings/stored-document.ts'
import { requireRoom } from '../settings/user-size.ts'
import type { ImportedUser } from './import-line.ts'

/** `merge`: into what the user has. `replace`: each document of the line in the place of the user's. */
export type ImportMode = 'merge' | 'replace'

/** How a line changes a user. */
export interface LinePlan {
  readonly status: 'created' | 'updated' | 'unchanged'
  /** Fields that differ: from what the user has, or from the defaults. */
  readonly count: number
  /** None when nothing changes: then nothing is fenced or written. */
  readonly changes: readonly PlannedChange[]
}

/** The changes that a line makes of a user's documents. VALIDATION_FAILED with the paths of the line. */
export function planLine(
  refs: readonly DocumentRef[],
  rows: ReadonlyMap<string, Row>,
  { documents }: ImportedUser,
  defaults: JsonObject,
  limits: Limits,
  mode: ImportMode,
): LinePlan {
  const exists = refs.some(ref => isLive(rows.get(refId(ref))))
  const faults: Fault[] = []
  let count = 0
  const changes = refs.flatMap(ref => {
    const row = rows.get(refId(ref))
    const before = isLive(row) ? repairableData(row) : undefined
    const byDefault = defaultsInOrder(defaults, ref.kind)
    const given = documents.get(ref.kind)
    const after = afterwards(ref.kind, given, before, byDefault, mode)
    if (after === before) return []
    if (after === byDefault && before === undefined)
      return [{ ref, data: defaultContent(defaults, ref.kind), changes: '[]' }]
    if (given !== undefined) {
      faults.push(
        ...faultsOf(ref.kind, before, after, byDefault).map(({ path, message }) => ({
          path: path === '' ? joinPath('documents', ref.kind) : `${joinPath('documents', ref.kind)}.${path}`,
          message,
        })),
      )
    }
    const fields = before === undefined ? [] : diff(before, after)
    if (before !== undefined && fields.length === 0) return []
    count += before === undefined ? diff(byDefault, after).length : fields.length
    const data = canonicalJson(after)
    requireSize(data, limits)
    return [{ ref, data, changes: canonicalJson(fields) }]
  })
  if (faults.length > 0)
    throw new DomainError('VALIDATION_FAILED', 'the line breaks the rules', { errors: faults })
  requireRoom(rows, changes, limits.userBytes)
  const status = !exists ? 'created' : changes.length === 0 ? 'unchanged' : 'updated'
  return { status, count, changes }
}

/** As with a PUT, stored values are judged only where the line changes them. */
function faultsOf(
  kind: string,
  before: JsonObject | undefined,
  after: JsonObject,
  byDefault: JsonObject,
): readonly Fault[] {
  if (before === undefined) return validateDocument(kind, after, [byDefault])
  return judgeChange(kind, before, after, [byDefault, before]).faults
}

/** `before`, or the defaults, themselves when the line says nothing else. */
function afterwards(
  kind: string,
  given: JsonObject | undefined,
  before: JsonObject | undefined,
  byDefault: JsonObject,
  mode: ImportMode,
): JsonObject {
  if (given === undefined) return before ?? byDefault
  const named = inOurNames(kind, given)
  const base = before ?? byDefault
  // Most documents of most lines: they are not to be checked, compared and written out again.
  if (containsPatch(base, named) && (mode === 'merge' || containsPatch(named, base))) return base
  const whole = mode === 'replace' ? named : mergeDocument(base, named)
  return complete(kind, whole, byDefault)
}
