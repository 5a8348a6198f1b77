import { refId } from '../consistency/batch-reader.ts'
import type { DocumentRef, Row } from '../consistency/ports.ts'
import { DatabaseUnavailableError } from '../consistency/ports.ts'
import type { PlannedChange, Writer } from '../consistency/write.ts'
import { inOurNames } from '../documents/aliases.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { DOCUMENTS } from '../documents/catalogue.ts'
import { diff } from '../documents/changes.ts'
import { complete } from '../documents/complete.ts'
import { documentDefaults } from '../documents/defaults.ts'
import type { JsonObject } from '../documents/json.ts'
import { mergeDocument } from '../documents/merge.ts'
import { joinPath } from '../documents/paths.ts'
import { validateDocument } from '../documents/validate.ts'
import { type Fault, ProblemError } from '../errors.ts'
import type { Counter } from '../sequence/counter.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import { type Limits, requireSize } from '../settings/edits.ts'
import { isLive } from '../settings/provisioning.ts'
import { repairableData } from '../settings/stored-document.ts'
import { requireRoom } from '../settings/user-size.ts'
import { type ImportedUser, parseLine } from './import-line.ts'
import { type Line, linesOf } from './lines.ts'

export interface ImportDeps {
  readonly writer: Writer
  readonly defaults: AdminDefaultsCache
  readonly counter: Pick<Counter, 'draw' | 'last'>
  readonly limits: Limits
}

export interface ImportOptions {
  readonly caller: string
  /** `merge`: into what the user has. `replace`: each document of the line in the place of the user's. */
  readonly mode: 'merge' | 'replace'
  readonly dryRun: boolean
}

export type ImportStatus = 'created' | 'updated' | 'unchanged' | 'refused'

/** What became of one line. */
export interface ImportOutcome {
  readonly line: number
  readonly user_id: string | null
  readonly status: ImportStatus
  /** Fields that changed, and counters that were raised. */
  readonly changes: number
  readonly errors?: readonly Fault[]
}

/** The last line of an answer. `error`: the import ended early, and lines behind the last outcome were not looked at. */
export type ImportSummary = Record<ImportStatus, number> & { readonly done: boolean; readonly error?: string }

/** Users under way at once: fewer than the connections of the pool, so that other callers find one. */
const CONCURRENCY = 4

/** Draws at once when a counter is raised; each reserves a block as large as it is. */
const NUMBERS_PER_DRAW = 10_000

/**
 * Imports users line by line. Each user is one transaction, checked like a PUT, so a line that is refused changes
 * nothing and stops no other. Yields one outcome a line in the order of the lines, and takes no line from `source` before
 * there is room for it: memory stays the same however many there are.
 */
export async function* importUsers(
  deps: ImportDeps,
  source: AsyncIterable<Buffer>,
  options: ImportOptions,
): AsyncGenerator<ImportOutcome | ImportSummary> {
  const counts: Record<ImportStatus, number> = { created: 0, updated: 0, unchanged: 0, refused: 0 }
  const running: Promise<ImportOutcome>[] = []
  try {
    for await (const line of linesOf(source, deps.limits.documentBytes)) {
      const outcome = importLine(deps, line, options)
      // Looked at in its turn.
      outcome.catch(() => {})
      running.push(outcome)
      if (running.length < CONCURRENCY) continue
      const first = await running.shift()!
      counts[first.status]++
      yield first
    }
    for (const next of running) {
      const outcome = await next
      counts[outcome.status]++
      yield outcome
    }
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error
    yield { done: false, ...counts, error: 'the database is not reachable: send the rest again' }
    return
  }
  yield { done: true, ...counts }
}

async function importLine(
  deps: ImportDeps,
  { number, bytes }: Line,
  options: ImportOptions,
): Promise<ImportOutcome> {
  if (bytes === undefined) {
    const message = `must not be longer than ${deps.limits.documentBytes} bytes`
    return { line: number, user_id: null, status: 'refused', changes: 0, errors: [{ path: '', message }] }
  }
  const parsed = parseLine(bytes)
  if ('faults' in parsed) {
    const { faults, userId } = parsed
    return { line: number, user_id: userId, status: 'refused', changes: 0, errors: faults }
  }
  const { user } = parsed
  try {
    const { status, changes } = await store(deps, user, options)
    return { line: number, user_id: user.userId, status, changes }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const errors = error.errors ?? [{ path: '', message: error.message }]
    return { line: number, user_id: user.userId, status: 'refused', changes: 0, errors }
  }
}

interface Stored {
  readonly status: Exclude<ImportStatus, 'refused'>
  readonly changes: number
}

async function store(deps: ImportDeps, user: ImportedUser, options: ImportOptions): Promise<Stored> {
  const { data: defaults } = await deps.defaults.current()
  const refs = DOCUMENTS.map(({ kind }): DocumentRef => ({ userId: user.userId, kind }))
  let planned: { stored: Stored; changes: PlannedChange[] } | undefined
  const decide = (rows: ReadonlyMap<string, Row>) => {
    planned = plan(refs, rows, user, defaults, deps.limits, options)
    return { changes: options.dryRun ? [] : planned.changes, result: undefined }
  }
  await deps.writer.write(refs, decide, { updatedBy: options.caller, reason: 'import' })
  const { status, changes } = planned!.stored
  const raised = await raiseCounters(deps.counter, user, options.dryRun)
  return { status: status === 'unchanged' && raised > 0 ? 'updated' : status, changes: changes + raised }
}

/** The changes that a line makes of a user's documents. VALIDATION_FAILED with the paths of the line. */
function plan(
  refs: readonly DocumentRef[],
  rows: ReadonlyMap<string, Row>,
  { documents }: ImportedUser,
  defaults: JsonObject,
  limits: Limits,
  { mode }: ImportOptions,
): { stored: Stored; changes: PlannedChange[] } {
  const exists = refs.some(ref => isLive(rows.get(refId(ref))))
  const faults: Fault[] = []
  let count = 0
  const changes = refs.flatMap(ref => {
    const row = rows.get(refId(ref))
    const before = isLive(row) ? repairableData(row) : undefined
    const byDefault = documentDefaults(defaults, ref.kind)
    const given = documents.get(ref.kind)
    const after = afterwards(ref.kind, given, before, byDefault, mode)
    if (given !== undefined) {
      const examples = before === undefined ? [byDefault] : [byDefault, before]
      faults.push(
        ...validateDocument(ref.kind, after, examples).map(({ path, message }) => ({
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
    throw new ProblemError('VALIDATION_FAILED', 'the line breaks the rules', { errors: faults })
  requireRoom(rows, changes, limits.userBytes)
  const status = !exists ? 'created' : changes.length === 0 ? 'unchanged' : 'updated'
  return { stored: { status, changes: count }, changes }
}

function afterwards(
  kind: string,
  given: JsonObject | undefined,
  before: JsonObject | undefined,
  byDefault: JsonObject,
  mode: ImportOptions['mode'],
): JsonObject {
  if (given === undefined) return before ?? byDefault
  const named = inOurNames(kind, given)
  const whole = mode === 'replace' ? named : mergeDocument(before ?? byDefault, named)
  return complete(kind, whole, byDefault)
}

/** Counters only rise: the numbers up to those of the line are drawn, so that none of them is handed out. */
async function raiseCounters(
  counter: ImportDeps['counter'],
  { userId, sequence }: ImportedUser,
  dryRun: boolean,
): Promise<number> {
  let raised = 0
  for (const [day, number] of sequence) {
    let last = await counter.last({ userId, day })
    if (last >= number) continue
    raised++
    while (!dryRun && last < number) {
      const drawn = await counter.draw({ userId, day }, Math.min(number - last, NUMBERS_PER_DRAW), 0)
      if (drawn === 'settings') throw new Error('no settings were asked for')
      last = drawn.last
    }
  }
  return raised
}
