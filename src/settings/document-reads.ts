import { refId } from '../consistency/batch-reader.ts'
import type { DocumentRef } from '../consistency/document-rows.ts'
import type { Reader, ReadOptions } from '../consistency/read.ts'
import type { ReadResult } from '../consistency/read-outcome.ts'
import type { DocumentPart, WantedDocuments } from '../consistency/reading.ts'
import type { StorePort } from '../consistency/store-port.ts'
import { versionOf } from '../consistency/stored-bytes.ts'
import type { KnownVersions } from '../consistency/versions.ts'
import { canonicalJson } from '../documents/canonical.ts'
import { parseEnvelope, partOf } from './codec.ts'
import type { LiveDocument } from './live-document.ts'
import type { ReadObserverPort } from './ports.ts'
import { isLive, type Provisioning, userNotFound } from './provisioning.ts'
import type { Actor, DocumentAddress, OnAnswer, ReadAnswer, ReadService, SettingsRead } from './service.ts'
import { isUnreadable, repairableData } from './stored-document.ts'

export interface DocumentReadsDeps {
  readonly reader: Pick<Reader, 'read' | 'answer'>
  readonly store: Pick<StorePort, 'readRows'>
  readonly provisioning: Provisioning
  readonly observer: ReadObserverPort
}

/** Reads of a user's documents; a user not seen before is created on the way. */
export class DocumentReads implements ReadService {
  readonly #deps: DocumentReadsDeps

  constructor(deps: DocumentReadsDeps) {
    this.#deps = deps
  }

  answer(actor: Actor, read: SettingsRead, known: KnownVersions | undefined, onAnswer: OnAnswer): void {
    const { userId } = actor
    const { id, addresses, around } = read
    const options = {
      // No user id holds a line feed.
      id: `${userId}\n${id}`,
      around: around && (() => around(userId)),
      known,
    }
    const wanted = () => wantedOf(actor, addresses)
    this.#read(actor, wanted, options, (error, result) => {
      onAnswer(error, result === undefined ? undefined : answerOf(result))
    })
  }

  async requireUser(actor: Actor): Promise<void> {
    await this.read(actor, [{ kind: 'settings' }])
  }

  /** The envelopes in the order of the addresses, all of one moment. */
  read(
    actor: Actor,
    addresses: readonly DocumentAddress[],
  ): Promise<{ readonly status: ReadResult['status']; readonly values: readonly Buffer[] }> {
    return new Promise((resolve, reject) => {
      this.#read(actor, wantedOf(actor, addresses), {}, (error, result) => {
        if (result === undefined) reject(error)
        else resolve({ status: result.status, values: result.values ?? [] })
      })
    })
  }

  /**
   * Whole documents in the shape that a write sees. Where an operator broke the value in Redis, the row is read; sections that
   * are no objects there are left out.
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

  #read(
    actor: Actor,
    wanted: WantedDocuments,
    options: ReadOptions,
    onRead: (error: unknown, result: Complete | undefined) => void,
  ): void {
    const { reader, observer } = this.#deps
    reader.answer(wanted, options, (error, result) => {
      if (result === undefined) onRead(error, undefined)
      else if (isComplete(result)) {
        observer.readAnswered(result.status)
        onRead(undefined, result)
      } else {
        this.#readCreated(actor, wanted, options).then(
          created => onRead(undefined, created),
          refused => onRead(refused, undefined),
        )
      }
    })
  }

  async #readCreated(actor: Actor, wanted: WantedDocuments, options: ReadOptions): Promise<Complete> {
    const { provisioning, reader, observer } = this.#deps
    await provisioning.onAccess(actor)
    const result = await reader.read(wanted, options)
    observer.readAnswered(result.status)
    // The user was deleted meanwhile.
    if (!isComplete(result)) throw userNotFound(actor.userId)
    return result
  }
}

/** A result without a document that does not exist. */
type Complete = ReadResult & { readonly values: readonly Buffer[] | undefined }

function answerOf({ status, versions, values }: Complete): ReadAnswer {
  return { status, versions, body: values?.[0] ?? null }
}

function isComplete(result: ReadResult): result is Complete {
  return result.values === undefined || !result.values.includes(null)
}

function wantedOf(actor: Actor, addresses: readonly DocumentAddress[]): DocumentPart[] {
  return addresses.map(address => ({ ref: refOf(actor, address), part: partOf(address) }))
}

export function refOf(actor: Actor, address: { readonly kind: string }): DocumentRef {
  return { userId: actor.userId, kind: address.kind }
}

/** The answer of a read in the shape that a write sees. */
function asDocument(actor: Actor, kind: string, body: Buffer): LiveDocument {
  const { updatedAt, data } = parseEnvelope(body)
  const row = { ref: refOf(actor, { kind }), version: versionOf(body), updatedAt, data: canonicalJson(data) }
  return { row, data }
}
