import type { DocumentRef, Row } from '../../src/consistency/document-rows.ts'
import type { ReadResult } from '../../src/consistency/read-outcome.ts'
import { dataIn, documentId } from './documents.ts'
import type { Committed, PostgresServer } from './postgres-server.ts'

/** A read as it began: per document the highest version that must be seen. */
export interface ReadStart {
  readonly refs: readonly DocumentRef[]
  readonly floors: readonly number[]
  /** How often the database had been set back. */
  readonly setBacks: number
}

/**
 * Watches what clients are told, with the committed history of the in-memory PostgreSQL as the truth:
 * - a version belongs to one value, and nothing is answered that was not committed;
 * - a read returns at least the highest version that was acknowledged, or told by a write without a change, before it began;
 * - acknowledged writes are in the history;
 * - the documents of one read stood together at one moment.
 *
 * Exempt, because the promise does not hold there: the fence of a write is deleted by hand or evicted before the write's put, and that
 * put is lost or late as well. A reader that had read the row before COMMIT then finds nothing that refuses its fill. Until
 * the next write of the document its reads may be of the version before.
 *
 * Exempt, as the contract says: an answer marked `unverified` (the database could not be reached) may be old, and its
 * documents of different moments; it must have been committed all the same. A change by hand (psql) counts as
 * acknowledged when the leases of its time have ended: "seen within L".
 */
export class Checker {
  readonly violations: string[] = []
  readonly #server: PostgresServer
  /** Longest life of a lease in true time. */
  readonly #leaseMs: number
  readonly #acknowledged = new Map<string, number>()
  #setBacks = 0
  /** By document: the versions whose fence was removed. */
  readonly #removedFences = new Map<string, Set<number>>()
  /** What was committed, and lost when the database was set back, with the time of that. */
  readonly #lost: {
    readonly id: string
    readonly version: number
    readonly data: string | null
    readonly at: number
  }[] = []

  constructor(server: PostgresServer, leaseMs: number) {
    this.#server = server
    this.#leaseMs = leaseMs
  }

  violated(what: string): void {
    this.violations.push(`at ${this.#server.timeline.now.toFixed(0)} ms: ${what}`)
  }

  /** The database holds an earlier state: what was acknowledged since is lost, and its versions never come again. */
  setBack(lost: readonly Committed[]): void {
    this.#setBacks++
    for (const { row } of lost)
      this.#lost.push({
        id: documentId(row.ref),
        version: row.version,
        data: row.data,
        at: this.#server.timeline.now,
      })
    for (const [id, version] of this.#acknowledged)
      this.#acknowledged.set(id, Math.min(version, this.#server.row(id)?.version ?? 0))
  }

  /** An operator, or Redis, has removed the fence of version `min`. */
  fenceRemoved(ref: DocumentRef, min: number): void {
    const id = documentId(ref)
    this.#removedFences.set(id, (this.#removedFences.get(id) ?? new Set()).add(min))
  }

  /** Whether the cache may lack this version. */
  isExempt(ref: DocumentRef, version: number): boolean {
    return this.#removedFences.get(documentId(ref))?.has(version) === true
  }

  acknowledged(ref: DocumentRef, version: number, data: string | null): void {
    const id = documentId(ref)
    const lost = this.#lost.filter(each => each.id === id && each.version === version)
    if (lost.some(each => each.data === data)) return
    if (lost.length > 0)
      this.violated(`version ${version} of ${id} has another value than before the set-back`)
    const stored = this.#history(id).find(({ row }) => row.version === version)
    if (stored === undefined || stored.row.data !== data)
      this.violated(`acknowledged write of ${id} version ${version} is not in the history`)
    this.#acknowledged.set(id, Math.max(version, this.#acknowledged.get(id) ?? 0))
  }

  /** A write that changed nothing told its caller of this row: later reads are of it or newer, as after a write. */
  told({ ref, version, data }: Row): void {
    const id = documentId(ref)
    if (this.#lost.some(each => each.id === id && each.version === version)) return
    if (!this.#history(id).some(({ row }) => row.version === version && row.data === data))
      this.violated(`a write was told of ${id} version ${version}, which was never committed`)
    this.#acknowledged.set(id, Math.max(version, this.#acknowledged.get(id) ?? 0))
  }

  readBegins(refs: readonly DocumentRef[]): ReadStart {
    return { refs, floors: refs.map(ref => this.#floor(documentId(ref))), setBacks: this.#setBacks }
  }

  readEnds({ refs, floors, setBacks }: ReadStart, { status, versions, values }: ReadResult): void {
    if (setBacks !== this.#setBacks || refs.some((ref, index) => this.#isLost(ref, versions[index]!, status)))
      return
    const answers = refs.map((ref, index) => {
      const version = versions[index]!
      const body = values?.[index]
      const candidates = this.#history(documentId(ref)).filter(({ row }) =>
        version === 0 ? row.data === null : row.version === version,
      )
      if (version !== 0 && candidates.length === 0)
        this.violated(`${status}: ${documentId(ref)} version ${version} was never committed`)
      else if (body && candidates[0]!.row.data !== dataIn(body))
        this.violated(`${status}: ${documentId(ref)} version ${version} has another value: ${body}`)
      return candidates
    })
    if (status === 'unverified') return
    refs.forEach((ref, index) => {
      const floor = floors[index]!
      if (answers[index]!.some(({ row }) => row.version >= floor) || this.isExempt(ref, floor)) return
      if (versions[index] !== 0 || floor !== 0)
        this.violated(
          `${status}: stale read of ${documentId(ref)}: version ${versions[index]} after ${floor} was acknowledged`,
        )
    })
    if (refs.some((ref, index) => this.isExempt(ref, versions[index]! + 1))) return
    if (!this.#together(refs, versions, answers))
      this.violated(`${status}: torn read of ${refs.map(documentId)}: versions ${versions}`)
  }

  /**
   * Whether it is of a time that was lost: so lately that leases of that time may be running, or answered as `unverified`
   * by a gateway that cannot reach the database, and so cannot know.
   */
  #isLost(ref: DocumentRef, version: number, status: ReadResult['status']): boolean {
    const id = documentId(ref)
    const since = status === 'unverified' ? 0 : this.#server.timeline.now - this.#leaseMs
    return this.#lost.some(each => each.id === id && each.version === version && each.at >= since)
  }

  /** Whether there was a moment at which each document stood at one of its answers. */
  #together(
    refs: readonly DocumentRef[],
    versions: readonly number[],
    answers: readonly Committed[][],
  ): boolean {
    if (refs.length === 1) return true
    const spans = refs.map((ref, index) =>
      answers[index]!.map(({ row, commit }) => ({
        from: commit,
        to:
          this.#history(documentId(ref)).find(next => next.row.version > row.version)?.commit ??
          Number.POSITIVE_INFINITY,
      })),
    )
    const moments = [0, ...spans.flat().map(({ from }) => from)]
    return moments.some(moment =>
      refs.every(
        (ref, index) =>
          spans[index]!.some(({ from, to }) => from <= moment && moment < to) ||
          (versions[index] === 0 && moment < (this.#history(documentId(ref))[0]?.commit ?? moment + 1)),
      ),
    )
  }

  #history(id: string): readonly Committed[] {
    return this.#server.history.get(id) ?? []
  }

  #floor(id: string): number {
    let floor = this.#acknowledged.get(id) ?? 0
    const seenBy = this.#server.timeline.now - this.#leaseMs
    for (const { byHand, at, row } of this.#history(id))
      if (byHand && at < seenBy && row.version > floor) floor = row.version
    return floor
  }
}
