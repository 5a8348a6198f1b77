import type { WriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { ImportOutcome, ImportStatus } from '../../transfer/import.ts'
import { endWithUsage } from '../command-line.ts'

/** A note for the operator about one field. */
export interface Note {
  readonly what: 'renamed' | 'dropped' | 'out of bounds' | 'unreadable'
  /** Where the source has it, such as `user_global_circuit_breaker.max_loss_per_hour`. */
  readonly field: string
  readonly detail: string
}

/** Fields named in the summary; the report file has all of them. */
const SHOWN = 20

/** Counts outcomes and notes, and writes each user that needs a look into a file: one JSON line a user. */
export class Report {
  readonly counts: Record<ImportStatus, number> = { created: 0, updated: 0, unchanged: 0, refused: 0 }
  readonly #notes = new Map<string, number>()
  readonly #refusals = new Map<string, number>()
  readonly #file: WriteStream | undefined
  #isWhole = true

  private constructor(file: WriteStream | undefined) {
    this.#file = file
    // Looked at in the end.
    file?.on('error', () => {})
  }

  /** Ends the process with 2 when the file cannot be written: it is looked for before anything is imported. */
  static async open(path: string | undefined): Promise<Report> {
    if (path === undefined) return new Report(undefined)
    const file = await open(path, 'w').catch(error =>
      endWithUsage(`${path} cannot be written: ${error.code}`),
    )
    return new Report(file.createWriteStream())
  }

  /** No user was refused, and the report is whole. */
  get isClean(): boolean {
    return this.counts.refused === 0 && this.#isWhole
  }

  add(source: { readonly where: string; readonly notes?: readonly Note[] }, outcome: ImportOutcome): void {
    this.counts[outcome.status]++
    const { notes = [] } = source
    for (const { what, field } of notes) count(this.#notes, `${what}: ${field}`)
    for (const { path, message } of outcome.errors ?? [])
      count(this.#refusals, `${path === '' ? 'line' : path}: ${message}`)
    if (notes.length === 0 && outcome.status !== 'refused') return
    const { user_id, status, errors = [] } = outcome
    this.#file?.write(`${JSON.stringify({ source: source.where, user_id, status, notes, errors })}\n`)
  }

  /** Resolves to the text for the terminal when the file is written, or is known not to be. */
  async end(dryRun: boolean): Promise<string> {
    const fault = await this.#endFile()
    this.#isWhole = fault === undefined
    const { created, updated, unchanged, refused } = this.counts
    return [
      `${dryRun ? 'would be: ' : ''}${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} refused`,
      ...table('users per refusal', this.#refusals),
      ...table('users per field', this.#notes),
      ...(fault === undefined ? [] : [`the report is not whole: ${fault.message}`]),
      '',
    ].join('\n')
  }

  async #endFile(): Promise<Error | undefined> {
    this.#file?.end()
    return (
      this.#file &&
      finished(this.#file).then(
        () => undefined,
        (error: Error) => error,
      )
    )
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** The most frequent first. */
function table(title: string, counts: ReadonlyMap<string, number>): string[] {
  if (counts.size === 0) return []
  const rows = [...counts].sort(([, a], [, b]) => b - a)
  const more = rows.length - SHOWN
  return [
    `${title}:`,
    ...rows.slice(0, SHOWN).map(([name, users]) => `  ${String(users).padStart(7)}  ${name}`),
    ...(more > 0 ? [`  and ${more} more, see --report FILE`] : []),
  ]
}
