import { refId } from '../consistency/batch-reader.ts'
import type { Decision, Prepare } from '../consistency/decision.ts'
import type { ChangeMeta, DocumentRef, Row } from '../consistency/document-rows.ts'
import type { Writer } from '../consistency/write.ts'
import { DOCUMENTS } from '../documents/catalogue.ts'
import { refsOfUser } from './document-refs.ts'
import type { Limits } from './edits.ts'
import type { LiveDocument } from './live-document.ts'
import { isLive, type Provisioning, userNotFound } from './provisioning.ts'
import type { Actor } from './service.ts'
import { repairableData } from './stored-document.ts'
import { needsRoom, requireRoom } from './user-size.ts'

export interface DocumentWritesDeps {
  readonly writer: Pick<Writer, 'write' | 'writeMany'>
  readonly provisioning: Provisioning
  readonly limits: Pick<Limits, 'userBytes'>
}

/** What to store, given the live documents in the order of the requested kinds. Pure; may throw. */
export type Decide<T> = (documents: readonly LiveDocument[]) => Decision<T>

interface Writing<T> {
  /** Which method of the Writer carries it out. */
  readonly by: 'write' | 'writeMany'
  readonly reason: string
  readonly decide: Decide<T>
  readonly prepare: Prepare | undefined
}

/** The rows of a write: those stored, or the unchanged ones. */
export interface WriteOutcome<T> {
  readonly result: T
  /** In the order of the requested kinds. */
  readonly rows: readonly Row[]
}

/** Tries of one write: the user may be deleted, and created again, between them. */
const MAX_TRIES = 3

/** Thrown inside a transaction to leave it: some documents do not exist yet. */
class MissingDocumentsError extends Error {}
/** The same: the change is so large that the size of the user's other documents matters. */
class SizeMattersError extends Error {}

/** Writes of a user's documents; a user not seen before is created first. */
export class DocumentWrites {
  readonly #deps: DocumentWritesDeps

  constructor(deps: DocumentWritesDeps) {
    this.#deps = deps
  }

  /** `prepare` reads what `decide` needs besides the documents, as of Writer.write. */
  write<T>(
    actor: Actor,
    kinds: readonly string[],
    reason: ChangeMeta['reason'],
    decide: Decide<T>,
    prepare?: Prepare,
  ): Promise<WriteOutcome<T>> {
    return this.#tryWrite(actor, kinds, { by: 'write', reason, decide, prepare })
  }

  /** The same for one of very many writes, as of Writer.writeMany. */
  writeMany<T>(
    actor: Actor,
    kinds: readonly string[],
    reason: ChangeMeta['reason'],
    decide: Decide<T>,
    prepare?: Prepare,
  ): Promise<WriteOutcome<T>> {
    return this.#tryWrite(actor, kinds, { by: 'writeMany', reason, decide, prepare })
  }

  async #tryWrite<T>(actor: Actor, kinds: readonly string[], writing: Writing<T>): Promise<WriteOutcome<T>> {
    const refs = kinds.map((kind): DocumentRef => ({ userId: actor.userId, kind }))
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        return await this.#write(actor, refs, writing)
      } catch (error) {
        if (!(error instanceof MissingDocumentsError)) throw error
      }
      await this.#deps.provisioning.onAccess(actor)
    }
    // Each time the user was deleted between creation and write.
    throw userNotFound(actor.userId)
  }

  async #write<T>(actor: Actor, refs: readonly DocumentRef[], writing: Writing<T>): Promise<WriteOutcome<T>> {
    const once = rememberLast(writing)
    try {
      return await this.#lock(actor, refs, refs, once)
    } catch (error) {
      if (!(error instanceof SizeMattersError)) throw error
      return await this.#lock(actor, refs, refsOfUser(actor.userId), once)
    }
  }

  /** `locked`: at least `refs`. */
  async #lock<T>(
    actor: Actor,
    refs: readonly DocumentRef[],
    locked: readonly DocumentRef[],
    { by, reason, decide, prepare }: Writing<T>,
  ): Promise<WriteOutcome<T>> {
    const { writer, limits } = this.#deps
    let before: readonly LiveDocument[] = []
    const { result, rows } = await writer[by](
      locked,
      current => {
        before = refs.map(ref => liveDocument(current.get(refId(ref))))
        const decision = decide(before)
        if (needsRoom(decision.changes, limits.userBytes)) {
          if (locked.length < DOCUMENTS.length) throw new SizeMattersError()
          requireRoom(current, decision.changes, limits.userBytes)
        }
        return decision
      },
      { updatedBy: actor.caller, reason },
      prepare,
    )
    const stored = new Map(rows.map(row => [refId(row.ref), row]))
    return { result, rows: before.map(({ row }) => stored.get(refId(row.ref)) ?? row) }
  }
}

/** A document as a write sees it: anything but an object counts as empty, so that any write repairs it. */
function liveDocument(row: Row | undefined): LiveDocument {
  if (!isLive(row)) throw new MissingDocumentsError()
  return { row, data: repairableData(row) }
}

/**
 * Checking a large document takes long: it is not repeated while the documents, and the admin defaults that `prepare` was told of,
 * are the same.
 */
function rememberLast<T>(writing: Writing<T>): Writing<T> {
  const { decide, prepare } = writing
  let defaults: number | null = null
  let last: { readonly madeFrom: string; readonly decision: Decision<T> } | undefined
  return {
    ...writing,
    prepare:
      prepare &&
      (version => {
        defaults = version
        return prepare(version)
      }),
    decide: documents => {
      // A database that was set back may give a version twice.
      const rows = documents.map(({ row: { version, updatedAt } }) => `${version} ${updatedAt}`)
      const madeFrom = [defaults, ...rows].join()
      if (last?.madeFrom !== madeFrom) last = { madeFrom, decision: decide(documents) }
      return last.decision
    },
  }
}
