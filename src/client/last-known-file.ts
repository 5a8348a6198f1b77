import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { KnownSettings, LastKnown } from './last-known.ts'

const FORMAT = 'settings-gateway-client last known settings, 1'
/** A larger file was not written by this class: twice what LastKnown keeps, escapes included. */
const MAX_FILE_BYTES = 128 * 1_024 * 1_024
const MIN_PAUSE_MS = 1_000
/** Longest share of the time that is spent writing confirmations: one part of so many. */
const PAUSE_PER_WRITE = 20

/** One line of the file. The sum finds content that was altered. */
interface Line {
  readonly owner: string
  readonly path: string
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly confirmed: number
  readonly body: string
  readonly sum: string
}

/** Keeps LastKnown in a file, for the next start. The file is replaced as a whole, and readable by its owner only. */
export class LastKnownFile {
  readonly #path: string
  readonly #known: LastKnown
  readonly #onError: (error: unknown) => void
  #loading: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #dirty = false
  #urgent = false
  #lastWriteMs = 0

  constructor(path: string, known: LastKnown, onError: (error: unknown) => void) {
    this.#path = path
    this.#known = known
    this.#onError = onError
  }

  /** Brings what an earlier process knew into LastKnown, once. A broken or foreign file counts as none. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  /** Writes at once when content is new; a mere confirmation waits, with others. */
  changed({ urgent }: { readonly urgent: boolean }): void {
    this.#dirty = true
    this.#urgent ||= urgent
    if (this.#writing !== undefined) return
    if (this.#urgent) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#pauseMs).unref()
  }

  /** Resolves when everything known is in the file, or could not be written. */
  async close(): Promise<void> {
    while (this.#dirty || this.#writing !== undefined) {
      if (this.#writing === undefined) this.#start()
      await this.#writing
    }
  }

  get #pauseMs(): number {
    return Math.max(MIN_PAUSE_MS, this.#lastWriteMs * PAUSE_PER_WRITE)
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#dirty = false
    this.#urgent = false
    this.#writing = this.#write()
      .catch(this.#onError)
      .finally(() => {
        this.#writing = undefined
        if (this.#dirty) this.changed({ urgent: false })
      })
  }

  async #write(): Promise<void> {
    await this.load()
    const startedAt = performance.now()
    const temporary = `${this.#path}.${randomUUID()}.tmp`
    await mkdir(dirname(this.#path), { recursive: true })
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        // Piece by piece: nothing holds up the process.
        await file.writeFile(linesOf(this.#known))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    this.#lastWriteMs = performance.now() - startedAt
  }

  async #load(): Promise<void> {
    try {
      if ((await stat(this.#path)).size > MAX_FILE_BYTES) return
      const [head, ...lines] = (await readFile(this.#path, 'utf8')).split('\n')
      if (head !== JSON.stringify({ format: FORMAT })) return
      // Settings that this process has read itself are newer.
      for (const line of lines.flatMap(parseLine)) {
        if (this.#known.get(line.owner, line.path) !== undefined) continue
        const confirmed = { wall: line.confirmed, monotonic: Number.NaN }
        this.#known.set(line.owner, line.path, { etag: line.etag, body: line.body, confirmed })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error)
    }
  }
}

function* linesOf(known: LastKnown): Generator<string> {
  yield `${JSON.stringify({ format: FORMAT })}\n`
  for (const [owner, path, { etag, body, confirmed }] of known.entries()) {
    const content = { owner, path, etag, confirmed: wallTimeOf(confirmed), body }
    yield `${JSON.stringify({ ...content, sum: sumOf(content) } satisfies Line)}\n`
  }
}

/** The earlier moment of what both clocks say, should the wall clock have been set back meanwhile. */
function wallTimeOf({ wall, monotonic }: KnownSettings['confirmed']): number {
  return Number.isNaN(monotonic) ? wall : Math.min(wall, Date.now() - (performance.now() - monotonic))
}

function parseLine(text: string): Line[] {
  try {
    const line = JSON.parse(text) as Line
    const isWhole = typeof line.confirmed === 'number' && line.sum === sumOf(line)
    return isWhole ? [line] : []
  } catch {
    return []
  }
}

function sumOf({ owner, path, etag, confirmed, body }: Omit<Line, 'sum'>): string {
  const text = JSON.stringify([owner, path, etag, confirmed, body])
  return createHash('sha256').update(text).digest('hex')
}
