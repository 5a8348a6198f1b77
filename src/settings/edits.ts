import type { PlannedChange } from '../consistency/decision.ts'
import { inOurNames, namedTwice } from '../documents/aliases.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { diff, type PathChange } from '../documents/changes.ts'
import { complete } from '../documents/complete.ts'
import { documentDefaults } from '../documents/defaults.ts'
import { noteFaults } from '../documents/file-format.ts'
import { guardJson } from '../documents/guard.ts'
import { documentLimitFaultOf } from '../documents/json/limits.ts'
import { isJsonObject, type JsonObject, typeFault } from '../documents/json.ts'
import { mergeDocument } from '../documents/merge.ts'
import { judgeChange } from '../documents/validate.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { LiveDocument } from './live-document.ts'
import type { DocumentAddress } from './service.ts'

/** The patch of a PUT as an object. VALIDATION_FAILED names every value that a stored document cannot hold. */
export function requirePatch(patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw invalid([{ path: '', message: typeFault('object', patch) }])
  const faults = guardJson(patch)
  if (faults.length > 0) throw invalid(faults)
  if (isEnvelope(patch)) {
    const message = 'is the whole answer of a GET: send only its `data`'
    throw new DomainError('VALIDATION_FAILED', `the body ${message}`, { errors: [{ path: '', message }] })
  }
  return patch
}

/** The most common mistake in a PUT. No document has these fields. */
function isEnvelope({ version, updated_at: updatedAt, data }: JsonObject): boolean {
  return typeof version === 'number' && typeof updatedAt === 'string' && isJsonObject(data)
}

/** The same for settings of a user, which have no notes. */
export function requireSettings(patch: unknown): JsonObject {
  const settings = requirePatch(patch)
  const faults = noteFaults(settings)
  if (faults.length > 0) throw invalid(faults)
  return settings
}

/**
 * The document after a merge, in the names of its schema. VALIDATION_FAILED when a field has two names in the patch;
 * the values are not checked yet.
 */
export function mergePatch(
  document: LiveDocument,
  { kind, section }: DocumentAddress,
  patch: JsonObject,
): JsonObject {
  const whole = section === undefined ? patch : { [section]: patch }
  const faults = namedTwice(kind, whole)
  if (faults.length > 0) throw invalid(faults)
  return mergeDocument(document.data, inOurNames(kind, whole))
}

export interface Limits {
  /** Largest document, bytes of its JSON. */
  readonly documentBytes: number
  /** All documents of a user together. */
  readonly userBytes: number
}

export interface EditPlan {
  /** None when nothing changes. */
  readonly changes: readonly PlannedChange[]
  /** The same field by field. */
  readonly fields: readonly PathChange[]
  /** Stored values that are no longer allowed, and that the change does not touch. */
  readonly warnings: readonly Fault[]
}

/**
 * The change that makes `next` of the document. VALIDATION_FAILED when a changed field breaks the schema or a rule, with
 * paths as the caller of `address` sees them; DOCUMENT_TOO_LARGE.
 */
export function plan(
  document: LiveDocument,
  address: DocumentAddress,
  next: JsonObject,
  defaults: JsonObject,
  limits: Limits,
): EditPlan {
  const { kind, section } = address
  const examples = [documentDefaults(defaults, kind), document.data]
  const whole = complete(kind, next, examples[0]!)
  const { faults, stored } = judgeChange(kind, document.data, whole, examples, path =>
    pathSent(section, path),
  )
  if (faults.length > 0) {
    // A rollback and load-defaults come here as well: there is no body to blame.
    throw new DomainError('VALIDATION_FAILED', 'the change breaks the rules of the document', {
      errors: faults.map(fault => faultBelow(section, fault)),
    })
  }
  const warnings = stored.map(fault => faultBelow(section, fault))
  const fields = diff(document.data, whole)
  if (fields.length === 0) return { changes: [], fields, warnings }
  const data = canonicalJson(whole)
  requireSize(data, limits)
  return { changes: [{ ref: document.row.ref, data, changes: canonicalJson(fields) }], fields, warnings }
}

/** DOCUMENT_TOO_LARGE: merges must not make a document grow without end, in bytes, names or values. */
export function requireSize(json: string, { documentBytes }: Limits): void {
  if (Buffer.byteLength(json) > documentBytes) {
    throw new DomainError('DOCUMENT_TOO_LARGE', `a document may have ${documentBytes} bytes`)
  }
  const fault = documentLimitFaultOf(json)
  if (fault !== undefined) throw new DomainError('DOCUMENT_TOO_LARGE', `a document ${fault}`)
}

export function invalid(faults: readonly Fault[]): DomainError {
  return new DomainError('VALIDATION_FAILED', 'the body breaks the rules of the document', {
    errors: faults,
  })
}

/** The same for a request without a body; the paths of the faults are names of query parameters. */
export function invalidQuery(faults: readonly Fault[]): DomainError {
  const message = faults.map(fault => `${fault.path} ${fault.message}`).join('; ')
  const errors = faults.map(fault => ({ ...fault, path: `querystring.${fault.path}` }))
  return new DomainError('VALIDATION_FAILED', message, { errors })
}

function faultBelow(section: string | undefined, fault: Fault): Fault {
  return { ...fault, path: pathSent(section, fault.path) ?? fault.path }
}

/** A path of the document as the body of a section has it; undefined when it is outside of the section. */
function pathSent(section: string | undefined, path: string): string | undefined {
  if (section === undefined) return path
  return path.startsWith(`${section}.`) ? path.slice(section.length + 1) : undefined
}
