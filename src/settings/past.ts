import type { Row } from '../consistency/document-rows.ts'
import { joinBody } from '../consistency/joined-body.ts'
import { DomainError } from '../errors.ts'
import { envelopeOf, partOf } from './codec.ts'
import { DEFAULTS_REF } from './document-refs.ts'
import type { HistoryPort, PastDocuments } from './ports.ts'
import { isLive, ROOT_KIND, userNotFound } from './provisioning.ts'
import type { PastService, PointInTime, ReadAnswer, SettingsRead } from './service.ts'
import { objectIn } from './stored-document.ts'

/** Whose documents are read, and which; the user exists when the document `root` does. */
interface Wanted {
  readonly userId: string
  readonly root: string
  readonly kinds: readonly string[]
}

type LiveRow = Row & { readonly data: string }

/** Settings as they were: from the history, never through the cache. */
export class PastReads implements PastService {
  readonly #history: HistoryPort

  constructor(history: HistoryPort) {
    this.#history = history
  }

  async read(userId: string, { addresses, around }: SettingsRead, when: PointInTime): Promise<ReadAnswer> {
    const kinds = addresses.map(({ kind }) => kind)
    const rows = await this.#rows({ userId, root: ROOT_KIND, kinds }, when)
    const envelopes = rows.map((row, index) => envelopeOf(row, partOf(addresses[index]!)))
    const body = around === undefined ? envelopes[0]! : joinBody(around(userId), envelopes).body
    return { versions: rows.map(({ version }) => version), body, status: 'history' }
  }

  async readDefaults(when: PointInTime): Promise<ReadAnswer> {
    const { userId, kind } = DEFAULTS_REF
    const [row] = await this.#rows({ userId, root: kind, kinds: [kind] }, when)
    return { versions: [row!.version], body: envelopeOf(row!, 0), status: 'history' }
  }

  async #rows(wanted: Wanted, when: PointInTime): Promise<readonly LiveRow[]> {
    const rows =
      'at' in when ? await this.#atMoment(wanted, when.at) : [await this.#ofVersion(wanted, when.version)]
    for (const row of rows) requireObject(row)
    return rows
  }

  async #ofVersion({ userId, root, kinds }: Wanted, version: number): Promise<LiveRow> {
    const past = await this.#history.readVersion({ userId, kind: kinds[0]! }, root, version)
    if (!past.userExists) throw userNotFound(userId)
    if (!isLive(past.row)) throw versionMissing(version, past.pruned)
    return past.row
  }

  async #atMoment({ userId, root, kinds }: Wanted, at: number): Promise<readonly LiveRow[]> {
    const past = await this.#history.readMoment({ userId, root, kinds, at })
    requireOver(at, past.now)
    if (!past.userExists) throw userNotFound(userId)
    const pruned = kindsWhere(kinds, past, isPruned)
    const moment = new Date(at).toISOString()
    if (pruned.length > 0)
      throw new DomainError('HISTORY_PRUNED', `what ${pruned} was at ${moment} ${NO_LONGER_KEPT}`)
    const missing = kindsWhere(kinds, past, ({ row }) => !isLive(row))
    if (missing.length > 0)
      throw new DomainError('VERSION_NOT_FOUND', `there was no ${missing} of this user at ${moment}`)
    return past.documents.map(({ row }) => row as LiveRow)
  }
}

const NO_LONGER_KEPT = 'is no longer kept (HISTORY_KEEP_VERSIONS, HISTORY_KEEP_DAYS)'

/** Why the history does not hold a version. */
export function versionMissing(version: number, pruned: number): DomainError {
  if (version <= pruned) return new DomainError('HISTORY_PRUNED', `version ${version} ${NO_LONGER_KEPT}`)
  return new DomainError('VERSION_NOT_FOUND', `the history holds no version ${version} of this document`)
}

type PastDocument = PastDocuments['documents'][number]

/**
 * A document that was there at the moment, without a version so old, lost it to the retention. One that is found is the
 * right one unless a newer version went: the clock may have been set back between the two.
 */
function isPruned({ row, pruned, existed }: PastDocument): boolean {
  return row === undefined ? existed : row.version <= pruned
}

function kindsWhere(
  kinds: readonly string[],
  { documents }: PastDocuments,
  holds: (document: PastDocument) => boolean,
): string {
  return kinds.filter((_kind, index) => holds(documents[index]!)).join(', ')
}

/** By the clock of PostgreSQL, which stamps the versions: later ones may still get an earlier time. */
function requireOver(at: number, now: number): void {
  if (at <= now) return
  const message = `at must not be in the future: it is ${new Date(now).toISOString()}`
  throw new DomainError('VALIDATION_FAILED', message, { errors: [{ path: 'querystring.at', message }] })
}

/** What was written by hand then may be anything that JSON can be. */
function requireObject(row: LiveRow): void {
  if (objectIn(row) !== undefined) return
  throw new DomainError(
    'STORED_DOCUMENT_INVALID',
    `version ${row.version} of ${row.ref.kind} was no object: it was written by hand`,
  )
}
