import { randomUUID } from 'node:crypto'
import type { Versions } from '../consistency/versions.ts'
import { inOurNames, namedTwice } from '../documents/aliases.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { diff } from '../documents/changes.ts'
import { documentDefaults } from '../documents/defaults.ts'
import { readJson } from '../documents/json/read.ts'
import { isJsonObject, type JsonObject } from '../documents/json.ts'
import { mergeDocument } from '../documents/merge.ts'
import { splitPath } from '../documents/paths.ts'
import { type RiskNote, riskOf } from '../documents/risk.ts'
import { fieldFaults } from '../documents/validate.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import { invalid, requireSettings } from '../settings/edits.ts'
import type { Precondition } from '../settings/service.ts'
import type { FieldCondition } from '../transfer/ports.ts'
import { findKind, parseWhere } from '../transfer/where.ts'
import { belowData } from './below-data.ts'
import type { BulkProgress, BulkState, BulkStorePort } from './bulk-ports.ts'
import { isJobId } from './job-id.ts'

export interface BulkRequest {
  readonly document: string
  /** The patch, unchecked. */
  readonly data: unknown
  /** Conditions such as `mode.scalp:size.leverage>10`; none = all users. */
  readonly where?: readonly string[]
  readonly reason: string
}

/** A field that a bulk change would change. */
export interface BulkField extends RiskNote {
  readonly document: string
  readonly path: string
  readonly new: unknown
  /** Users whose value is another one. */
  readonly users: number
}

export interface BulkPreview {
  readonly applied: false
  /** Users who fit the conditions. */
  readonly users: number
  /** Of these, users with another value in one of the fields. */
  readonly changing: number
  readonly high_risk: number
  readonly medium_risk: number
  readonly low_risk: number
  readonly changes: readonly BulkField[]
}

/** A bulk change as callers see it. */
export interface BulkAnswer {
  readonly id: string
  readonly state: BulkState
  readonly document: string
  readonly data?: unknown
  readonly where: readonly string[]
  readonly reason: string
  readonly reverts?: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_at?: string
  /** False while users are being listed: `total` grows until then. */
  readonly listed: boolean
  readonly total: number
  /** Users who have been carried out, `unchanged` of them without a change. */
  readonly done: number
  readonly unchanged: number
  readonly refused_total: number
  /** Null when it is not known, 0 when it has ended. */
  readonly eta_ms: number | null
  readonly failure?: string
}

export interface BulkDetails extends BulkAnswer {
  /** The first 100. */
  readonly refused: readonly { readonly user_id: string; readonly errors: readonly Fault[] }[]
}

/** What the routes of bulk changes call. */
export interface BulkService {
  /** `ifMatch`: the tag of a dry run; users whose document was changed since are refused. */
  create(caller: string, request: BulkRequest, precondition: Precondition): Promise<BulkAnswer>
  /** `versions` make the tag of the dry run. */
  preview(request: BulkRequest): Promise<{ readonly preview: BulkPreview; readonly versions: Versions }>
  get(id: string): Promise<BulkDetails>
  list(): Promise<{ readonly bulk_changes: readonly BulkAnswer[] }>
  /** Users who were changed stay so. CONFLICT when it has ended. */
  cancel(id: string): Promise<BulkDetails>
  /** Makes a bulk change that takes another one back. CONFLICT while that one runs. */
  revert(caller: string, id: string): Promise<BulkAnswer>
}

export interface BulkChangesDeps {
  readonly store: BulkStorePort
  readonly defaults: AdminDefaultsCache
}

/** They run one after the other: more wait than an operator oversees. */
const MAX_RUNNING = 10
const MAX_LISTED = 100
const MAX_REFUSALS = 100
/** Each field of a dry run is a test of every user's document. */
const MAX_FIELDS = 200
/** Characters of the data, which is kept with the bulk change. */
const MAX_DATA = 65_536
/** Users looked at by one statement of a dry run. */
const USERS_PER_PAGE = 2_000

/** Plans, lists, cancels and takes back changes of many users. */
export class BulkChanges implements BulkService {
  readonly #deps: BulkChangesDeps

  constructor(deps: BulkChangesDeps) {
    this.#deps = deps
  }

  async create(caller: string, request: BulkRequest, { ifMatch }: Precondition): Promise<BulkAnswer> {
    const { kind, patch, where } = await this.#check(request)
    const since = ifMatch === undefined || ifMatch === '*' ? null : snapshotOf(ifMatch[0])
    const data = canonicalJson(patch)
    return this.#add({ kind, data, where, reason: request.reason, reverts: null, since, createdBy: caller })
  }

  async preview(request: BulkRequest): Promise<{ preview: BulkPreview; versions: Versions }> {
    const { store, defaults } = this.#deps
    const { kind, fields, conditions } = await this.#check(request)
    // Before the first page: what is committed meanwhile counts as changed since.
    const versions = versionsOf(await store.snapshot())
    const values = fields.map(({ path, to }) => ({ path: splitPath(path), json: canonicalJson(to) }))
    const counts = fields.map(() => 0)
    let [users, changing] = [0, 0]
    for (let after: string | null = ''; after !== null; ) {
      const page = await store.preview(kind, values, conditions, after, USERS_PER_PAGE)
      users += page.users
      changing += page.changing
      page.fields.forEach((count, index) => {
        counts[index]! += count
      })
      after = page.last
    }
    const { risks } = await defaults.current()
    const changes = fields
      .map(({ path, to }, index) => ({
        document: kind,
        path,
        new: to,
        users: counts[index]!,
        ...riskOf(risks, kind, path, to),
      }))
      .filter(field => field.users > 0)
    const count = (risk: RiskNote['risk']) => changes.filter(each => each.risk === risk).length
    const risky = { high_risk: count('high'), medium_risk: count('medium'), low_risk: count('low') }
    return { preview: { applied: false, users, changing, ...risky, changes }, versions }
  }

  async get(id: string): Promise<BulkDetails> {
    const bulk = await this.#find(id)
    const refused = await this.#deps.store.refusals(id, MAX_REFUSALS)
    return {
      ...answerOf(bulk),
      refused: refused.map(({ userId, faults }) => ({ user_id: userId, errors: faults })),
    }
  }

  async list(): Promise<{ readonly bulk_changes: readonly BulkAnswer[] }> {
    return { bulk_changes: (await this.#deps.store.list(MAX_LISTED)).map(answerOf) }
  }

  async cancel(id: string): Promise<BulkDetails> {
    const cancelled = isJobId(id) && (await this.#deps.store.cancel(id))
    const bulk = await this.get(id)
    if (!cancelled) throw new DomainError('CONFLICT', `the bulk change is ${bulk.state}`)
    return bulk
  }

  async revert(caller: string, id: string): Promise<BulkAnswer> {
    const { state, kind, reason } = await this.#find(id)
    if (state === 'running') throw new DomainError('CONFLICT', 'the bulk change is running: cancel it first')
    return this.#add({
      ...{ kind, data: '', where: [], reason: `revert: ${reason}`, reverts: id, since: null },
      createdBy: caller,
    })
  }

  async #add(bulk: Omit<Parameters<BulkStorePort['add']>[0], 'id'>): Promise<BulkAnswer> {
    const id = randomUUID()
    if (await this.#deps.store.add({ id, ...bulk }, MAX_RUNNING)) return answerOf(await this.#find(id))
    throw new DomainError('CONFLICT', `${MAX_RUNNING} bulk changes are running: wait for one, or cancel it`)
  }

  async #find(id: string): Promise<BulkProgress> {
    const bulk = isJobId(id) ? await this.#deps.store.find(id) : undefined
    if (bulk === undefined)
      throw new DomainError('BULK_CHANGE_NOT_FOUND', 'there is no bulk change with this id')
    return bulk
  }

  /** VALIDATION_FAILED for a document or condition that does not exist, and for values that no document may have. */
  async #check({ document, data, where = [] }: BulkRequest) {
    const kind = findKind(document)
    const { conditions, faults } = parseWhere(where)
    if (kind === undefined) faults.unshift({ path: 'document', message: `there is no document ${document}` })
    if (kind === undefined || faults.length > 0) throw invalid(faults)
    const { patch, fields } = await this.#checkData(kind, data)
    return { kind, patch, fields, where, conditions: conditions as readonly FieldCondition[] }
  }

  async #checkData(kind: string, data: unknown) {
    const { data: defaults } = await this.#deps.defaults.current()
    const patch = belowData(() => {
      const settings = requireSettings(data)
      const twice = namedTwice(kind, settings)
      if (twice.length > 0) throw invalid(twice)
      const own = inOurNames(kind, settings)
      const base = documentDefaults(defaults, kind)
      // Rules across fields depend on the rest of each user's document: they are judged then.
      const faults = fieldFaults(kind, mergeDocument(base, own), [base])
      if (faults.length > 0) throw invalid(faults)
      return own
    })
    const fields = diff({}, patch).filter(({ to }) => !isEmptyObject(to))
    const message =
      fields.length === 0
        ? 'must have a field'
        : fields.length > MAX_FIELDS
          ? `must have ${MAX_FIELDS} fields at most`
          : canonicalJson(patch).length > MAX_DATA
            ? `must have ${MAX_DATA} characters at most`
            : undefined
    if (message !== undefined) throw invalid([{ path: 'data', message }])
    return { patch, fields }
  }
}

function answerOf(bulk: BulkProgress): BulkAnswer {
  const { state, reverts, endedAt, failure, total, refused, runningMs } = bulk
  const done = bulk.done + bulk.unchanged
  const settled = done + refused
  const etaMs =
    state !== 'running'
      ? 0
      : !bulk.listed || runningMs === null || settled === 0
        ? null
        : (runningMs * (total - settled)) / settled
  return {
    id: bulk.id,
    state,
    document: bulk.kind,
    ...(bulk.data === '' ? {} : { data: readJson(bulk.data) }),
    where: bulk.where,
    reason: bulk.reason,
    ...(reverts === null ? {} : { reverts }),
    created_by: bulk.createdBy,
    created_at: bulk.createdAt,
    ...(endedAt === null ? {} : { ended_at: endedAt }),
    listed: bulk.listed,
    total,
    done,
    unchanged: bulk.unchanged,
    refused_total: refused,
    eta_ms: etaMs === null ? null : Math.round(etaMs),
    ...(failure === null ? {} : { failure }),
  }
}

/** `100:105:100,103` as the parts of an entity tag: 105.100.103. */
function versionsOf(snapshot: string): Versions {
  const [, next, running] = snapshot.split(':')
  return [Number(next), ...(running ? running.split(',').map(Number) : [])]
}

/** VERSION_MISMATCH when the tag is of no dry run. */
function snapshotOf(versions: Versions | undefined): string {
  const [next, ...running] = versions ?? []
  const isOrdered = running.every((xid, index) => xid < next! && xid > (running[index - 1] ?? 0))
  if (next === undefined || next < 1 || !isOrdered) {
    throw new DomainError('VERSION_MISMATCH', 'If-Match must have the ETag of a dry run')
  }
  return `${running[0] ?? next}:${next}:${running.join(',')}`
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value as JsonObject).length === 0
}
