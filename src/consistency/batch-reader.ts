import { Deadlines } from './deadlines.ts'
import type { ClockPort, DocumentRef, Row, RowsRead, StorePort } from './ports.ts'
import { DatabaseUnavailableError } from './ports.ts'
import { ReadQueue } from './read-queue.ts'

/** Statements under way at once; what comes meanwhile waits and shares the next one. */
const MAX_STATEMENTS = 4
/** Reads that share one statement, so that a large document delays few others. */
const MAX_READS_PER_STATEMENT = 32

/** Rows by their refId, and the epoch of RowsRead. */
export interface BatchRead extends Pick<RowsRead, 'epoch'> {
  readonly rows: ReadonlyMap<string, Row>
}

export interface BatchReaderDeps {
  readonly store: StorePort
  readonly clock: Pick<ClockPort, 'now' | 'sleep'>
  /** Longest wait of a read, from its beginning to its rows, milliseconds. */
  readonly readWaitMs: number
}

interface Waiter {
  readonly userId: string
  readonly refs: readonly DocumentRef[]
  readonly resolve: (read: BatchRead) => void
  readonly reject: (error: unknown) => void
}

/** A document's key in maps. */
export function refId(ref: DocumentRef): string {
  return `${ref.userId}\n${ref.kind}`
}

/**
 * Reads rows from the primary, several reads in one statement, so that an outage of Redis or a cold cache does
 * not become one query per read. A read shares only a statement that is sent after the read began; it never joins
 * one that is under way. All documents of one read come from one statement. Users take turns, and no read waits longer than
 * `readWaitMs`: what is still cached can be served then, and a caller who has given up is not worked for.
 */
export class BatchReader {
  readonly #store: StorePort
  readonly #readWaitMs: number
  readonly #deadlines: Deadlines
  readonly #queue = new ReadQueue<Waiter>()
  #statements = 0
  #scheduled = false

  constructor({ store, clock, readWaitMs }: BatchReaderDeps) {
    this.#store = store
    this.#readWaitMs = readWaitMs
    this.#deadlines = new Deadlines(clock, readWaitMs)
  }

  /** DatabaseUnavailableError also when too many wait, or too long. */
  async read(refs: readonly DocumentRef[]): Promise<BatchRead> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchRead>()
    const waiter = { userId: refs[0]?.userId ?? '', refs, resolve, reject }
    if (!this.#queue.add(waiter)) throw new DatabaseUnavailableError('too many reads wait for the database')
    const end = this.#deadlines.begin(() => {
      this.#queue.remove(waiter)
      reject(new DatabaseUnavailableError(`the database did not answer within ${this.#readWaitMs} ms`))
    })
    this.#schedule()
    try {
      return await promise
    } finally {
      end()
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      while (this.#statements < MAX_STATEMENTS && this.#queue.size > 0) {
        void this.#send(this.#queue.take(MAX_READS_PER_STATEMENT))
      }
    })
  }

  async #send(taken: readonly Waiter[]): Promise<void> {
    this.#statements++
    let waiters = taken
    try {
      const refs = new Map<string, DocumentRef>()
      for (const waiter of waiters) for (const ref of waiter.refs) refs.set(refId(ref), ref)
      // Reads of nothing but these rows cost the statement nothing.
      const contained = this.#queue.takeMatching(taken, waiter =>
        waiter.refs.every(ref => refs.has(refId(ref))),
      )
      waiters = [...taken, ...contained]
      const { rows, epoch } = await this.#store.readRows([...refs.values()])
      const read = { rows: new Map(rows.map(row => [refId(row.ref), row])), epoch }
      for (const waiter of waiters) waiter.resolve(read)
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error)
    } finally {
      this.#statements--
      this.#schedule()
    }
  }
}
