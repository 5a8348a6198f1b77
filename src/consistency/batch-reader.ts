import { Deadlines } from './deadlines.ts'
import type { DocumentRef, HeldVersion, Row } from './document-rows.ts'
import type { ClockPort } from './ports.ts'
import { ReadQueue } from './read-queue.ts'
import { SharedStatements, type StatementLimits } from './shared-statements.ts'
import type { ChangedRows, Moment, StorePort } from './store-port.ts'
import { DatabaseUnavailableError } from './store-port.ts'

/** How many reads share statements. Reads that arrive while all statements are in flight wait, and share the next one. */
export interface BatchLimits extends StatementLimits {
  /** Reads in one statement. */
  readonly reads: number
}

/** For reads of whole documents: encoding those of one statement must not block the process for long. */
export const WHOLE_ROWS: BatchLimits = { statements: 4, quickStatements: 4, reads: 8, patienceMs: 0 }
/**
 * For reads that ask whether held versions are current. Sending a statement costs more than an answer of a few bytes, so
 * many reads share one. Two are in flight, so that this process works while PostgreSQL does; more only beside slow ones.
 */
export const VERSIONS: BatchLimits = { statements: 4, quickStatements: 2, reads: 64, patienceMs: 50 }

/** The answer of one statement. */
export interface BatchRead extends Pick<ChangedRows, 'epoch'>, Moment {
  /** Rows by refId. */
  readonly rows: ReadonlyMap<string, Row>
  /** True when the document is at the version that the read holds. */
  isHeld(ref: DocumentRef): boolean
}

export interface BatchReaderDeps {
  readonly store: StorePort
  readonly clock: Pick<ClockPort, 'now' | 'sleep' | 'turn'>
  /** Longest wait of a read, from its beginning to its rows, milliseconds. */
  readonly readWaitMs: number
}

interface Waiter {
  readonly userId: string
  readonly refs: readonly DocumentRef[]
  /** One per ref; undefined = nothing is held. */
  readonly held: HeldVersions
  readonly resolve: (read: BatchRead) => void
  readonly reject: (error: unknown) => void
}

type HeldVersions = readonly (HeldVersion | undefined)[]

const NOTHING_HELD: HeldVersions = []

/** A document's key in maps. */
export function refId(ref: DocumentRef): string {
  return `${ref.userId}\n${ref.kind}`
}

/**
 * Reads rows from the primary, several reads in one statement, so that an outage of Redis or a cold cache does
 * not become one query per read. A read shares only a statement that is sent after the read began; it never joins
 * one in flight. All documents of one read come from one statement. Users take turns, and no read waits longer than
 * `readWaitMs`: then cached documents can still be served, and no work is done for a caller who has given up.
 */
export class BatchReader {
  readonly #store: StorePort
  readonly #readWaitMs: number
  readonly #deadlines: Deadlines
  readonly #queue = new ReadQueue<Waiter>()
  readonly #statements: SharedStatements

  constructor({ store, clock, readWaitMs }: BatchReaderDeps, limits: BatchLimits) {
    this.#store = store
    this.#readWaitMs = readWaitMs
    this.#deadlines = new Deadlines(clock, readWaitMs)
    this.#statements = new SharedStatements({
      clock,
      limits,
      waiting: () => this.#queue.size,
      send: () => this.#send(this.#queue.take(limits.reads)),
    })
  }

  /**
   * `held`: one per ref; rows at the version held may be left out. DatabaseUnavailableError also when too many reads wait, or
   * this one waits too long.
   */
  async read(refs: readonly DocumentRef[], held: HeldVersions = NOTHING_HELD): Promise<BatchRead> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchRead>()
    const waiter = { userId: refs[0]?.userId ?? '', refs, held, resolve, reject }
    if (!this.#queue.add(waiter)) throw new DatabaseUnavailableError('too many reads wait for the database')
    const end = this.#deadlines.begin(() => {
      this.#queue.remove(waiter)
      reject(new DatabaseUnavailableError(`the database did not answer within ${this.#readWaitMs} ms`))
    })
    this.#statements.schedule()
    try {
      return await promise
    } finally {
      end()
    }
  }

  async #send(taken: readonly Waiter[]): Promise<void> {
    let waiters = taken
    try {
      const question = new BatchQuestion()
      for (const waiter of taken) question.add(waiter)
      // Waiting reads whose rows are all in the statement join it without cost.
      const contained = this.#queue.takeMatching(taken, waiter => question.answers(waiter))
      waiters = [...taken, ...contained]
      const { rows, ...answer } = await this.#store.readChangedRows(question.refs, question.held)
      const found = new Map(rows.map(row => [refId(row.ref), row]))
      const read = { ...answer, rows: found, isHeld: question.isHeldIn(found) }
      for (const waiter of waiters) waiter.resolve(read)
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error)
    }
  }
}

/** The refs and held versions that one statement asks for several reads. */
class BatchQuestion {
  readonly #asked = new Map<string, { readonly ref: DocumentRef; held: HeldVersion | undefined }>()

  get refs(): DocumentRef[] {
    return [...this.#asked.values()].map(({ ref }) => ref)
  }

  get held(): HeldVersions {
    return [...this.#asked.values()].map(({ held }) => held)
  }

  /** Adds a read. When two reads hold different versions of a document, its row is fetched in any case. */
  add({ refs, held }: Pick<Waiter, 'refs' | 'held'>): void {
    refs.forEach((ref, index) => {
      const id = refId(ref)
      const asked = this.#asked.get(id)
      if (asked === undefined) this.#asked.set(id, { ref, held: held[index] })
      else if (!isSame(asked.held, held[index])) asked.held = undefined
    })
  }

  /** True when the statement, as it is, answers the whole read. */
  answers({ refs, held }: Pick<Waiter, 'refs' | 'held'>): boolean {
    return refs.every((ref, index) => {
      const asked = this.#asked.get(refId(ref))
      return asked !== undefined && (asked.held === undefined || isSame(asked.held, held[index]))
    })
  }

  isHeldIn(rows: ReadonlyMap<string, Row>): BatchRead['isHeld'] {
    return ref => {
      const id = refId(ref)
      return this.#asked.get(id)?.held !== undefined && !rows.has(id)
    }
  }
}

function isSame(a: HeldVersion | undefined, b: HeldVersion | undefined): boolean {
  return a?.version === b?.version && a?.updatedAt === b?.updatedAt
}
