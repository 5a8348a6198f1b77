import { readFile } from 'node:fs/promises'
import type { ChangeMeta, Row } from '../consistency/document-rows.ts'
import { versionOf } from '../consistency/stored-bytes.ts'
import type { Writer } from '../consistency/write.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { KINDS } from '../documents/catalogue.ts'
import { diff, shownChange } from '../documents/changes.ts'
import {
  BUILT_IN_DEFAULTS,
  mergeDefaults,
  parseDefaults,
  withDocumentDefaults,
} from '../documents/defaults.ts'
import { validateDefaultsChange } from '../documents/defaults-change.ts'
import { JSON_LIMITS } from '../documents/json/limits.ts'
import { JsonError, readJson } from '../documents/json/read.ts'
import type { JsonObject } from '../documents/json.ts'
import { compileRiskIndex, riskInFile } from '../documents/risk.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { AdminDefaultsCache } from './admin-defaults-cache.ts'
import type { AdminDefaultsService, DefaultsSource, SyncReport } from './admin-service.ts'
import { changeReport, fieldChanges } from './change-report.ts'
import { dataOf, defaultsHash, encode } from './codec.ts'
import type { DocumentReads } from './document-reads.ts'
import { DEFAULTS_REF } from './document-refs.ts'
import { invalid, type Limits, requirePatch, requireSize } from './edits.ts'
import { requirePrecondition } from './preconditions.ts'
import { isLive } from './provisioning.ts'
import type { ChangeReport, DocumentAnswer, Precondition, ReadAnswer } from './service.ts'
import { objectIn } from './stored-document.ts'

export interface AdminDefaultsDeps {
  readonly cache: AdminDefaultsCache
  readonly reads: DocumentReads
  readonly writer: Pick<Writer, 'write'>
  readonly limits: Limits
  /** DEFAULT_SETTINGS_FILE. */
  readonly file: string
  /** Gets the paths of parts of the file that are stored without a meaning for the gateway. */
  readonly onUnused: (paths: readonly string[]) => void
}

/** The new defaults, given the present ones (undefined = none yet, or no object). Pure; may throw. */
type Next = (current: JsonObject | undefined, row: Row | undefined) => JsonObject

/** New defaults from a file or from a user's documents. */
interface Source {
  readonly next: Next
  readonly unused: readonly string[]
}

interface Stored {
  readonly row: Row
  readonly changed: boolean
  readonly before: JsonObject | undefined
}

/** The admin defaults: one document under the same protocol as those of the users. */
export class AdminDefaults implements AdminDefaultsService {
  readonly #deps: AdminDefaultsDeps

  constructor(deps: AdminDefaultsDeps) {
    this.#deps = deps
  }

  async getDefaults(): Promise<ReadAnswer> {
    const { bytes, status } = await this.#deps.cache.read()
    return { versions: [versionOf(bytes)], body: bytes, status }
  }

  async putDefaults(caller: string, patch: unknown, precondition?: Precondition): Promise<DocumentAnswer> {
    const meta = { updatedBy: caller, reason: 'put' }
    const { row } = await this.#storeOrRepair(meta, applyPatch(patch), precondition)
    return { version: row.version, body: bodyOf(row), status: 'hit' }
  }

  async previewDefaults(
    _caller: string,
    patch: unknown,
    precondition: Precondition = {},
  ): Promise<ChangeReport> {
    const { bytes } = await this.#deps.cache.read()
    const data = dataOf(bytes)
    requirePrecondition(precondition, [versionOf(bytes)], () => bytes)
    const next = applyPatch(patch)(data, undefined)
    const { index } = compileRiskIndex(next)
    return changeReport(
      false,
      fieldChanges(DEFAULTS_REF.kind, data, next, (path, to) => riskInFile(index, path, to)),
    )
  }

  async syncDefaults(
    caller: string,
    source: DefaultsSource,
    precondition?: Precondition,
  ): Promise<SyncReport> {
    const { next, unused } =
      source.source === 'file' ? await this.#fromFile() : await this.#fromUser(caller, source.userId)
    const meta = { updatedBy: caller, reason: 'sync-defaults' }
    const { row, changed, before } = await this.#storeOrRepair(meta, next, precondition)
    const data = readJson(row.data ?? '{}') as JsonObject
    return {
      changed,
      version: row.version,
      hash: defaultsHash(canonicalJson(data)),
      changes: changed ? diff(before ?? {}, data).map(shownChange) : [],
      ...(unused.length === 0 ? {} : { unused }),
    }
  }

  /** At start: the file's defaults if the database has none yet. DEFAULTS_INVALID names the file's faults. */
  async loadIfMissing(): Promise<void> {
    const { next } = await this.#fromFile()
    await this.#store(
      { updatedBy: 'gateway', reason: 'sync-defaults' },
      current => current ?? next(undefined, undefined),
    )
  }

  async #fromFile(): Promise<Source> {
    const { file, onUnused } = this.#deps
    const { data, faults, unused } = parseDefaults(await readFileJson(file))
    if (faults.length > 0) throw defaultsInvalid(`the file has ${faults.length} faults`, faults)
    if (unused.length > 0) onUnused(unused)
    return { next: () => data, unused }
  }

  /** The user's documents in the present defaults, whose notes and unknown sections stay. */
  async #fromUser(caller: string, userId: string): Promise<Source> {
    const { values } = await this.#deps.reads.read(
      { userId, caller, isLooking: true },
      KINDS.map(kind => ({ kind })),
    )
    const next: Next = current => {
      const data = KINDS.reduce(
        (all, kind, index) => withDocumentDefaults(all, kind, dataOf(values[index]!)),
        current ?? {},
      )
      return requireValidDefaults(data)
    }
    return { next, unused: [] }
  }

  /** A write that changes nothing stores nothing in Redis either; the operator who repeats it may want to repair what is missing there. */
  async #storeOrRepair(meta: ChangeMeta, next: Next, precondition: Precondition = {}): Promise<Stored> {
    const stored = await this.#store(meta, next, precondition)
    if (!stored.changed) await this.#deps.cache.refill()
    return stored
  }

  async #store(meta: ChangeMeta, next: Next, precondition: Precondition = {}): Promise<Stored> {
    let held: Row | undefined
    let before: JsonObject | undefined
    const { rows } = await this.#deps.writer.write(
      [DEFAULTS_REF],
      current => {
        held = [...current.values()].find(isLive)
        before = held && objectIn(held)
        requirePrecondition(precondition, held && [held.version], () => held && bodyOf(held))
        const after = next(before, held)
        const data = canonicalJson(after)
        if (before !== undefined && data === canonicalJson(before)) return { changes: [], result: undefined }
        requireSize(data, this.#deps.limits)
        const changes = canonicalJson(diff(before ?? {}, after))
        return { changes: [{ ref: DEFAULTS_REF, data, changes }], result: undefined }
      },
      meta,
    )
    const stored = rows[0]
    return { row: stored ?? held!, changed: stored !== undefined, before }
  }
}

function applyPatch(patch: unknown): Next {
  const change = requirePatch(patch)
  return (current, row) => {
    if (row === undefined && current === undefined) {
      throw new DomainError('NOT_READY', 'the defaults are not loaded yet')
    }
    // Missing parts come from the built-in file; all of them when an operator stored something else than an object.
    const base = current ?? BUILT_IN_DEFAULTS
    return requireValidChange(base, mergeDefaults(base, change))
  }
}

function requireValidChange(current: JsonObject, next: JsonObject): JsonObject {
  const faults = validateDefaultsChange(current, next)
  if (faults.length > 0) throw invalid(faults)
  return next
}

function requireValidDefaults(defaults: JsonObject): JsonObject {
  const { data, faults } = parseDefaults(defaults)
  if (faults.length > 0) throw defaultsInvalid('the defaults would not be valid', faults)
  return data
}

function bodyOf(row: Row): Buffer {
  return encode(row)[0]!
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff')

async function readFileJson(file: string): Promise<unknown> {
  try {
    return readJson(withoutByteOrderMark(await readFile(file)), JSON_LIMITS)
  } catch (cause) {
    const why = cause instanceof JsonError ? cause.message : 'cannot be read'
    const errors = (cause instanceof JsonError ? cause.faults : undefined) ?? [{ path: '', message: why }]
    throw new DomainError('DEFAULTS_INVALID', `the defaults file ${why}`, { errors, cause })
  }
}

/** Editors on Windows write one. */
function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? bytes.subarray(BYTE_ORDER_MARK.length)
    : bytes
}

function defaultsInvalid(detail: string, errors: readonly Fault[]): DomainError {
  return new DomainError('DEFAULTS_INVALID', detail, { errors })
}
