import { randomUUID } from 'node:crypto'
import type { Versions } from '../consistency/versions.ts'
import { inOurNames, namedTwice } from '../documents/aliases.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { documentOf, findKind, KINDS } from '../documents/catalogue.ts'
import { diff } from '../documents/changes.ts'
import { documentDefaults } from '../documents/defaults.ts'
import { isJsonObject, type JsonObject } from '../documents/json.ts'
import { mergeDocument } from '../documents/merge.ts'
import { splitPath } from '../documents/paths.ts'
import { type RiskNote, riskOf } from '../documents/risk.ts'
import { checkRules } from '../documents/rules.ts'
import { unknownName } from '../documents/unknown-fields.ts'
import { fieldFaults } from '../documents/validate.ts'
import { DomainError } from '../errors.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import { invalid, requireSettings } from '../settings/edits.ts'
import type { Precondition } from '../settings/service.ts'
import { checkWhere } from '../transfer/check-where.ts'
import type { FieldCondition } from '../transfer/ports.ts'
import { belowData } from './below-data.ts'
import { answerOf } from './bulk-answer.ts'
import type { BulkProgress, BulkStorePort } from './bulk-ports.ts'
import type { BulkAnswer, BulkDetails, BulkPreview, BulkRequest, BulkService } from './bulk-service.ts'
import { isJobId } from './job-id.ts'

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
    const { data: defaults } = await this.#deps.defaults.current()
    const { conditions, faults } = checkWhere(where, defaults)
    if (kind === undefined)
      faults.unshift({ path: 'document', message: unknownName('document', document, KINDS) })
    if (kind === undefined || faults.length > 0) throw invalid(faults)
    const { patch, fields } = checkData(kind, data, documentDefaults(defaults, kind))
    return { kind, patch, fields, where, conditions: conditions as readonly FieldCondition[] }
  }
}

/** The data in our names, and its fields. VALIDATION_FAILED for values that no document may have. */
function checkData(kind: string, data: unknown, base: JsonObject) {
  const patch = belowData(() => {
    const settings = requireSettings(data)
    const twice = namedTwice(kind, settings)
    if (twice.length > 0) throw invalid(twice)
    const own = inOurNames(kind, settings)
    // A rule is silent about a field that is not there: what is found depends on these fields alone, and would refuse every user.
    // Rules that look at the rest of each user's document are judged then.
    const rules = checkRules(documentOf(kind).family, own)
    const faults = [...fieldFaults(kind, mergeDocument(base, own), [base]), ...rules]
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
