import type { Row } from '../consistency/document-rows.ts'
import { CommitUnknownError, DatabaseUnavailableError } from '../consistency/store-port.ts'
import type { Writer } from '../consistency/write.ts'
import { WriteQueueFullError } from '../consistency/write-queue.ts'
import { DomainError, type Fault } from '../errors.ts'
import type { Counter } from '../sequence/counter.ts'
import type { AdminDefaultsCache } from '../settings/admin-defaults-cache.ts'
import { refsOfUser } from '../settings/document-refs.ts'
import type { Limits } from '../settings/edits.ts'
import { type ImportedUser, parseLine } from './import-line.ts'
import { type ImportMode, type LinePlan, planLine } from './import-plan.ts'
import { type Line, linesOf } from './lines.ts'

export interface ImportDeps {
  readonly writer: Pick<Writer, 'writeMany'>
  readonly defaults: AdminDefaultsCache
  readonly counter: Pick<Counter, 'draw' | 'last'>
  readonly limits: Limits
}

export interface ImportOptions {
  readonly caller: string
  readonly mode: ImportMode
  readonly dryRun: boolean
}

export type ImportStatus = LinePlan['status'] | 'refused'

/** The outcome of one line. */
export interface ImportOutcome {
  readonly line: number
  readonly user_id: string | null
  readonly status: ImportStatus
  /** Fields that changed, and counters that were raised. */
  readonly changes: number
  readonly errors?: readonly Fault[]
}

/** The last line of an answer. `error`: the import ended early; of lines behind the last outcome some may be stored. */
export type ImportSummary = Record<ImportStatus, number> & { readonly done: boolean; readonly error?: string }

/** Users under way at once: two transactions of them, and those of the next one. */
const USERS_AT_ONCE = 192
/** Bytes of their lines together, in largest lines. */
const LARGE_LINES_AT_ONCE = 4
/** Lines in memory, if they are as large as they may be: those under way, and the one that is being read. */
export const LARGE_LINES_HELD = LARGE_LINES_AT_ONCE + 1

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
  const running: { readonly bytes: number; readonly outcome: Promise<ImportOutcome> }[] = []
  const lastOf = new Map<string, Promise<unknown>>()
  const mostBytes = LARGE_LINES_AT_ONCE * deps.limits.documentBytes
  let bytes = 0
  const oldest = async () => {
    const first = running.shift()!
    bytes -= first.bytes
    const outcome = await first.outcome
    counts[outcome.status]++
    return outcome
  }
  try {
    for await (const line of linesOf(bodyOf(source), deps.limits.documentBytes)) {
      const outcome = importLine(deps, line, options, lastOf)
      // Looked at in its turn.
      outcome.catch(() => {})
      const size = line.bytes?.length ?? 0
      running.push({ bytes: size, outcome })
      bytes += size
      while (running.length >= USERS_AT_ONCE || bytes >= mostBytes) yield await oldest()
    }
    while (running.length > 0) yield await oldest()
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    yield { done: false, ...counts, error: `${reason}: send the rest again` }
    return
  }
  yield { done: true, ...counts }
}

/** The caller went away, or the body broke off. */
class BodyError extends Error {
  override readonly name = 'BodyError'
}

async function* bodyOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source
  } catch (error) {
    throw new BodyError('the body broke off', { cause: error })
  }
}

/** Why an import ends before its last line; undefined for a fault of the gateway. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof BodyError) return error.message
  if (error instanceof DatabaseUnavailableError) return 'the database is not reachable'
  if (error instanceof CommitUnknownError) return 'whether the next line was stored is not known'
  return undefined
}

async function importLine(
  deps: ImportDeps,
  { number, bytes }: Line,
  options: ImportOptions,
  lastOf: Map<string, Promise<unknown>>,
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
    const { status, count } = await inTurn(lastOf, user.userId, () => store(deps, user, options))
    return { line: number, user_id: user.userId, status, changes: count }
  } catch (error) {
    const errors = faultsOf(error)
    if (errors === undefined) throw error
    return { line: number, user_id: user.userId, status: 'refused', changes: 0, errors }
  }
}

/** Runs `work` behind the last one of the user. Lines of one user that all waited for the row would be too late. */
function inTurn<T>(
  lastOf: Map<string, Promise<unknown>>,
  userId: string,
  work: () => Promise<T>,
): Promise<T> {
  const running = lastOf.get(userId)?.then(work, work) ?? work()
  lastOf.set(userId, running)
  const leave = () => {
    if (lastOf.get(userId) === running) lastOf.delete(userId)
  }
  running.then(leave, leave)
  return running
}

/** Why one line is refused while the others go on. */
function faultsOf(error: unknown): readonly Fault[] | undefined {
  if (error instanceof DomainError) return error.errors ?? [{ path: '', message: error.message }]
  if (error instanceof WriteQueueFullError)
    return [{ path: '', message: 'too many writes of this user are waiting: send the line again' }]
  return undefined
}

async function store(
  deps: ImportDeps,
  user: ImportedUser,
  options: ImportOptions,
): Promise<Pick<LinePlan, 'status' | 'count'>> {
  const defaults = deps.defaults.forWrite()
  const refs = refsOfUser(user.userId)
  let planned: LinePlan | undefined
  const decide = (rows: ReadonlyMap<string, Row>) => {
    planned = planLine(refs, rows, user, defaults.data, deps.limits, options.mode)
    return { changes: options.dryRun ? [] : planned.changes, result: undefined }
  }
  await deps.writer.writeMany(refs, decide, { updatedBy: options.caller, reason: 'import' }, defaults.prepare)
  const { status, count } = planned!
  const raised = await raiseCounters(deps.counter, user, options.dryRun)
  return { status: status === 'unchanged' && raised > 0 ? 'updated' : status, count: count + raised }
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
