import { refId } from '../consistency/batch-reader.ts'
import type { Wanted } from '../consistency/database-read.ts'
import type { WantedOf } from '../consistency/full-read.ts'
import type { DocumentRef, StorePort } from '../consistency/ports.ts'
import type { Reader, ReadOptions as ReaderOptions } from '../consistency/read.ts'
import type { ReadResult, Unconfirmed } from '../consistency/read-outcome.ts'
import { versionOf } from '../consistency/stored-bytes.ts'
import type { KnownVersions } from '../consistency/versions.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { parseEnvelope, partOf } from './codec.ts'
import type { LiveDocument } from './live-document.ts'
import type { ReadObserverPort } from './ports.ts'
import { isLive, type Provisioning, userNotFound } from './provisioning.ts'
import { readName } from './read-name.ts'
import type { Actor, Bundle, DocumentAddress, ReadAnswer, ReadOptions } from './service.ts'
import { isUnreadable, repairableData } from './stored-document.ts'

export interface DocumentReadsDeps {
  readonly reader: Reader
  readonly store: Pick<StorePort, 'readRows'>
  readonly provisioning: Provisioning
  readonly telemetry: ReadObserverPort
}

/** Reads of a user's documents; a user not seen before is created on the way. */
export class DocumentReads {
  readonly #deps: DocumentReadsDeps

  constructor(deps: DocumentReadsDeps) {
    this.#deps = deps
  }

  /** DocumentService.confirm. */
  confirm(
    userId: string,
    read: string,
    known: KnownVersions | undefined,
    onConfirmed: (outcome: ReadAnswer | Unconfirmed) => void,
  ): boolean {
    return this.#deps.reader.confirm(idOf(userId, read), known, outcome => {
      if (typeof outcome === 'string') onConfirmed(outcome)
      else {
        this.#deps.telemetry.readAnswered(outcome.status)
        onConfirmed(answerOf(outcome as Complete))
      }
    })
  }

  get(actor: Actor, address: DocumentAddress, options: ReadOptions = {}): Promise<ReadAnswer> {
    const wanted = () => wantedOf(actor, [address])
    return this.#answer(actor, wanted, { ...options, id: idOf(actor.userId, readName(address)) })
  }

  getBundle(actor: Actor, bundle: Bundle, options: ReadOptions = {}): Promise<ReadAnswer> {
    const { userId } = actor
    const wanted = () => wantedOf(actor, bundle.addresses)
    const join = (bodies: readonly Buffer[]) => bundle.join(userId, bodies)
    return this.#answer(actor, wanted, { ...options, id: idOf(userId, readName(bundle)), join })
  }

  /** The envelopes in the order of the addresses, all of one moment. */
  async read(
    actor: Actor,
    addresses: readonly DocumentAddress[],
  ): Promise<{ status: ReadResult['status']; values: readonly Buffer[] }> {
    return this.#read(actor, wantedOf(actor, addresses), {}, ({ status, values = [] }) => ({
      status,
      values,
    }))
  }

  /**
   * Whole documents in the shape that a write sees. One that an operator spoilt in Redis is taken from its row; one that
   * he spoilt there is without what is no object.
   */
  async documents(actor: Actor, kinds: readonly string[]): Promise<readonly LiveDocument[]> {
    const addresses = kinds.map(kind => ({ kind }))
    try {
      const { values } = await this.read(actor, addresses)
      return values.map((body, index) => asDocument(actor, kinds[index]!, body))
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    const refs = addresses.map(address => refOf(actor, address))
    const rows = new Map((await this.#deps.store.readRows(refs)).rows.map(row => [refId(row.ref), row]))
    return refs.map(ref => {
      const row = rows.get(refId(ref))
      if (!isLive(row)) throw userNotFound(actor.userId)
      return { row, data: repairableData(row) }
    })
  }

  #answer(actor: Actor, wanted: WantedOf, options: ReaderOptions): Promise<ReadAnswer> {
    return this.#read(actor, wanted, options, answerOf)
  }

  async #read<T>(
    actor: Actor,
    wanted: WantedOf,
    options: ReaderOptions,
    as: (result: Complete) => T,
  ): Promise<T> {
    let result = await this.#deps.reader.read(wanted, options)
    if (!isComplete(result)) {
      await this.#deps.provisioning.onAccess(actor)
      result = await this.#deps.reader.read(wanted, options)
    }
    this.#deps.telemetry.readAnswered(result.status)
    // Deleted in between.
    if (!isComplete(result)) throw userNotFound(actor.userId)
    return as(result)
  }
}

/** A result without a document that does not exist. */
type Complete = ReadResult & { readonly values: readonly Buffer[] | undefined }

function answerOf({ status, versions, values }: Complete): ReadAnswer {
  return { status, versions, body: values?.[0] ?? null }
}

/** No user id holds a line feed. */
function idOf(userId: string, read: string): string {
  return `${userId}\n${read}`
}

function isComplete(result: ReadResult): result is Complete {
  return result.values === undefined || !result.values.includes(null)
}

function wantedOf(actor: Actor, addresses: readonly DocumentAddress[]): Wanted[] {
  return addresses.map(address => ({ ref: refOf(actor, address), part: partOf(address) }))
}

export function refOf(actor: Actor, address: { readonly kind: string }): DocumentRef {
  return { userId: actor.userId, kind: address.kind }
}

/** What a read answered in the shape that a write sees. */
function asDocument(actor: Actor, kind: string, body: Buffer): LiveDocument {
  const { updatedAt, data } = parseEnvelope(body)
  const row = { ref: refOf(actor, { kind }), version: versionOf(body), updatedAt, data: canonicalJson(data) }
  return { row, data }
}
