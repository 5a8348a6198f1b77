import type { DocumentRef } from './document-rows.ts'
import { PARTITIONS, partitionOf } from './partitions.ts'
import type { Protocol } from './protocol.ts'
import type { Reader, ReadOptions } from './read.ts'
import type { OnRead, ReadResult } from './read-outcome.ts'
import { partsOf, type WantedDocuments } from './reading.ts'
import type { ViewStatus } from './supervisor.ts'
import type { Writer } from './write.ts'

/** Users whose partition is remembered: a digest for each read would cost as much as the rest of it. */
const MAX_REMEMBERED = 20_000

/** What each partition has of its own, by the user. */
export class ByPartition<T> {
  /** In the order of the partitions. */
  readonly all: readonly T[]
  readonly #known = new Map<string, T>()

  constructor(make: (partition: number) => T) {
    this.all = Array.from({ length: PARTITIONS }, (_, partition) => make(partition))
  }

  of(userId: string): T {
    const known = this.#known.get(userId)
    if (known !== undefined) return known
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    const own = this.all[partitionOf(userId)]!
    this.#known.set(userId, own)
    return own
  }
}

/** The Reader of a cluster: that of the user's partition. The documents of one read are of one user. */
export class PartitionedReader implements Pick<Reader, 'read' | 'answer' | 'refill'> {
  readonly #protocols: ByPartition<Pick<Protocol, 'reader'>>

  constructor(protocols: ByPartition<Pick<Protocol, 'reader'>>) {
    this.#protocols = protocols
  }

  read(wanted: WantedDocuments, options: ReadOptions = {}): Promise<ReadResult> {
    return this.#protocols.of(userOfRead(wanted, options)).reader.read(wanted, options)
  }

  refill(ref: DocumentRef): Promise<void> {
    return this.#protocols.of(ref.userId).reader.refill(ref)
  }

  answer(wanted: WantedDocuments, options: ReadOptions, onRead: OnRead): void {
    this.#protocols.of(userOfRead(wanted, options)).reader.answer(wanted, options, onRead)
  }
}

/** The Writer of a cluster: that of the user's partition. The documents of one write are of one user; writes of a partition share transactions. */
export class PartitionedWriter implements Pick<Writer, 'write' | 'writeMany'> {
  readonly #protocols: ByPartition<Pick<Protocol, 'writer'>>

  constructor(protocols: ByPartition<Pick<Protocol, 'writer'>>) {
    this.#protocols = protocols
  }

  readonly write: Writer['write'] = (refs, ...rest) => this.#of(refs).write(refs, ...rest)

  readonly writeMany: Writer['writeMany'] = (refs, ...rest) => this.#of(refs).writeMany(refs, ...rest)

  #of(refs: readonly DocumentRef[]): Writer {
    return this.#protocols.of(refs[0]?.userId ?? '').writer
  }
}

/** The supervisors of all partitions. */
export class PartitionedSupervisor {
  readonly #protocols: ByPartition<Pick<Protocol, 'supervisor'>>

  constructor(protocols: ByPartition<Pick<Protocol, 'supervisor'>>) {
    this.#protocols = protocols
  }

  start(): void {
    for (const { supervisor } of this.#protocols.all) supervisor.start()
  }

  /** Resolves when all their work has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#protocols.all.map(({ supervisor }) => supervisor.stop()))
  }

  /** In the order of the partitions. */
  get statuses(): readonly ViewStatus[] {
    return this.#protocols.all.map(({ supervisor }) => supervisor.status)
  }

  /** In one: the cache is used when all partitions are, and the view is the one that is OFF, if there is one. */
  get status(): ViewStatus {
    return combineStatuses(this.statuses)
  }
}

/** The status of a whole from those of its parts, of which there is at least one. */
export function combineStatuses(statuses: readonly ViewStatus[]): ViewStatus {
  const off = statuses.find(({ view }) => view?.mode === 'OFF')
  return {
    view: (off ?? statuses[0]!).view,
    databaseReached: statuses.every(({ databaseReached }) => databaseReached),
    leaseHeld: statuses.every(({ leaseHeld }) => leaseHeld),
    anotherOwner: statuses.find(({ anotherOwner }) => anotherOwner !== undefined)?.anotherOwner,
  }
}

/** The id of a read begins with its user, before a line feed. */
function userOfRead(wanted: WantedDocuments, { id }: ReadOptions): string {
  const end = id?.indexOf('\n') ?? -1
  return end < 0 ? (partsOf(wanted)[0]?.ref.userId ?? '') : id!.slice(0, end)
}
