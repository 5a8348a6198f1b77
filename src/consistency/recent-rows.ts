import { refId } from './batch-reader.ts'
import type { DocumentRef, Row } from './document-rows.ts'
import type { ClockPort } from './ports.ts'

/** Characters of all rows that are kept: some hundred documents. */
const MAX_SIZE = 2_097_152
/** Of one row: to plan a change of a larger one takes longer than the round trip that is saved. */
const MAX_ROW_SIZE = 65_536
/** Cost of a row in addition to its content. */
const ROW_SIZE = 500
/** How long a row is not kept, milliseconds, after another writer has changed it: two instances may write it in turn. */
const DISTRUST_MS = 10_000

interface Entry {
  /** Undefined = the document is not to be kept until `distrustedUntil`. */
  readonly row: Row | undefined
  readonly distrustedUntil: number
}

/** The rows that this process has stored last, of all partitions, bounded in size. They may be old: what uses them compares the versions. */
export class RecentRows {
  readonly #clock: Pick<ClockPort, 'now'>
  /** By refId, the oldest first. */
  readonly #entries = new Map<string, Entry>()
  #size = 0

  constructor(clock: Pick<ClockPort, 'now'>) {
    this.#clock = clock
  }

  /** The rows of these documents, in their order; undefined when one is missing. */
  find(refs: readonly DocumentRef[]): readonly Row[] | undefined {
    const rows: Row[] = []
    for (const ref of refs) {
      const row = this.#entries.get(refId(ref))?.row
      if (row === undefined) return undefined
      rows.push(row)
    }
    return rows
  }

  keep(row: Row): void {
    const id = refId(row.ref)
    if (this.#clock.now() < (this.#entries.get(id)?.distrustedUntil ?? 0)) return
    if (row.data === null || row.data.length > MAX_ROW_SIZE) this.#remove(id)
    else this.#set(id, { row, distrustedUntil: 0 })
  }

  forget(ref: DocumentRef): void {
    this.#remove(refId(ref))
  }

  /** Another writer has changed them. */
  distrust(refs: readonly DocumentRef[]): void {
    for (const ref of refs)
      this.#set(refId(ref), { row: undefined, distrustedUntil: this.#clock.now() + DISTRUST_MS })
  }

  #set(id: string, entry: Entry): void {
    this.#remove(id)
    this.#entries.set(id, entry)
    this.#size += sizeOf(entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= MAX_SIZE) return
      this.#remove(oldest)
    }
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#size -= sizeOf(entry)
  }
}

function sizeOf({ row }: Entry): number {
  return ROW_SIZE + (row?.data?.length ?? 0)
}
