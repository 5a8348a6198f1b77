import type { ExportedUser, ImportOutcome, ImportSummary, UserToImport } from './answers.ts'
import { ProblemError, UnreachableError } from './errors.ts'
import { parseJson, stringifyJson } from './json.ts'
import type { ExportOptions, ImportOptions, TransferOptions } from './options.ts'
import { query } from './routes.ts'
import { limitSilence, sleep } from './time-limit.ts'
import { errorOf, isTransient, type Transport } from './transport.ts'

const EXPORT = '/api/admin/export'
const IMPORT = '/api/admin/import'
/** Lines of one request: stored well within the gateway's REQUEST_TIMEOUT_MS. */
const LINES = 100
/** Characters of one request; a line may have more. */
const CHARACTERS = 2 * 1_024 * 1_024
/** Longest silence before the connection is taken for dead. */
const SILENCE_MS = 60_000
/** How often lines without an answer are sent again without any progress. */
const TRIES = 5
const FIRST_PAUSE_MS = 200

/** See Admin.exportUsers. */
export async function* exportUsers(
  transport: Transport,
  { userId, ...options }: ExportOptions,
): AsyncGenerator<ExportedUser, void, undefined> {
  yield* linesOf<ExportedUser>(transport, `${EXPORT}${query({ user_id: userId })}`, options)
}

/** See Admin.importUsers. */
export async function* importUsers(
  transport: Transport,
  users: Iterable<UserToImport> | AsyncIterable<UserToImport>,
  { mode, dryRun, ...options }: ImportOptions,
): AsyncGenerator<ImportOutcome, ImportSummary, undefined> {
  const path = `${IMPORT}${query({ mode, dry_run: dryRun })}`
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0 }
  let before = 0
  for await (const batch of batchesOf(users)) {
    for await (const outcome of sendBatch(transport, path, batch, options)) {
      counts[outcome.status]++
      yield { ...outcome, line: before + outcome.line }
    }
    before += batch.length
  }
  return counts
}

/** Lines without an answer are sent again: a second time changes nothing. */
async function* sendBatch(
  transport: Transport,
  path: string,
  batch: readonly string[],
  options: TransferOptions,
): AsyncGenerator<ImportOutcome, void, undefined> {
  let done = 0
  for (let failed = 0; done < batch.length; ) {
    const first = done
    try {
      for await (const answer of linesOf<ImportOutcome | EndOfImport>(
        transport,
        path,
        options,
        batch.slice(first).join(''),
      )) {
        if (!('done' in answer)) {
          done = first + answer.line
          yield { ...answer, line: done }
        } else if (answer.done) return
        else throw new UnreachableError(answer.error ?? 'the import ended early')
      }
      throw new UnreachableError('the answer of the gateway broke off')
    } catch (error) {
      failed = done > first ? 1 : failed + 1
      const passes =
        error instanceof UnreachableError || (error instanceof ProblemError && isTransient(error.status))
      if (!passes || failed >= TRIES || options.signal?.aborted) throw error
      await sleep(FIRST_PAUSE_MS * 2 ** failed, options.signal)
    }
  }
}

interface EndOfImport {
  readonly done: boolean
  readonly error?: string
}

async function* batchesOf(
  users: Iterable<UserToImport> | AsyncIterable<UserToImport>,
): AsyncGenerator<string[], void, undefined> {
  let batch: string[] = []
  let characters = 0
  for await (const user of users) {
    const line = `${stringifyJson(user)}\n`
    batch.push(line)
    characters += line.length
    if (batch.length < LINES && characters < CHARACTERS) continue
    yield batch
    batch = []
    characters = 0
  }
  if (batch.length > 0) yield batch
}

/** The JSON of each line as it arrives; nothing more is read before the caller asks for it. */
async function* linesOf<T>(
  transport: Transport,
  path: string,
  { signal, silenceMs = SILENCE_MS }: TransferOptions,
  lines?: string,
): AsyncGenerator<T, void, undefined> {
  const silence = limitSilence(silenceMs, signal)
  try {
    const body = await transport.stream(path, {}, silence.signal, lines)
    const decoder = new TextDecoder()
    let rest = ''
    for await (const piece of body) {
      const parts = (rest + decoder.decode(piece, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        // The caller's own time does not count.
        silence.pause()
        yield parseJson(part) as T
      }
      silence.restart()
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw error instanceof ProblemError ? error : errorOf(error, undefined)
  } finally {
    silence.end()
  }
}
