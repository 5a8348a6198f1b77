import type { DocumentRef, Row, RowsRead, StorePort } from './ports.ts'

/** Statements under way at once; what comes meanwhile waits and shares the next one. */
const MAX_STATEMENTS = 4
/** Reads that share one statement, so that a large document delays few others. */
const MAX_READS_PER_STATEMENT = 32

/** Rows by their refId, and the epoch of RowsRead. */
export interface BatchRead extends Pick<RowsRead, 'epoch'> {
  readonly rows: ReadonlyMap<string, Row>
}

interface Waiter {
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
 * one that is under way. All documents of one read come from one statement.
 */
export class BatchReader {
  readonly #store: StorePort
  #waiting: Waiter[] = []
  #statements = 0
  #scheduled = false

  constructor(store: StorePort) {
    this.#store = store
  }

  read(refs: readonly DocumentRef[]): Promise<BatchRead> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ refs, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      while (this.#statements < MAX_STATEMENTS && this.#waiting.length > 0) {
        void this.#send(this.#waiting.splice(0, MAX_READS_PER_STATEMENT))
      }
    })
  }

  async #send(waiters: readonly Waiter[]): Promise<void> {
    this.#statements++
    try {
      const refs = new Map<string, DocumentRef>()
      for (const waiter of waiters) for (const ref of waiter.refs) refs.set(refId(ref), ref)
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
