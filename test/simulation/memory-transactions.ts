import type { Change, DocumentRef, Row, SpeculativeChanges } from '../../src/consistency/document-rows.ts'
import type { GateTransaction, RowLocks, WriteTransaction } from '../../src/consistency/store-port.ts'
import {
  CommitUnknownError,
  DatabaseUnavailableError,
  WriteConflictError,
} from '../../src/consistency/store-port.ts'
import type { OtherLayout } from '../../src/consistency/views.ts'
import { documentId } from './documents.ts'
import type { LockMode } from './postgres-locks.ts'
import type { PostgresServer } from './postgres-server.ts'
import { DEADLOCK_MS, type Session } from './postgres-session.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { lockOneView, lockViewsOf } from './view-locks.ts'

export interface MemoryTransactionsDeps {
  readonly process: SimProcess
  readonly server: PostgresServer
  readonly random: Random
  /** Transactions name their isolation. */
  readonly readCommitted: boolean
  /** One statement, or several in a row: there and back over the network. */
  /** The id of the view. */
  readonly view: number
  readonly otherLayout: () => OtherLayout
  readonly call: <T>(kind: string, work: () => T | Promise<T>) => Promise<T>
}

/** What the server says to changes and COMMIT. */
interface Applied {
  readonly rows: readonly Row[]
  readonly refused?: Error
}

/** The server notices within this time that a client has gone. */
const ABANDON_MS = 1_500

/** The transactions of one gateway that take several calls: those of writers and those of gates. */
export class MemoryTransactions {
  readonly #deps: MemoryTransactionsDeps

  constructor(deps: MemoryTransactionsDeps) {
    this.#deps = deps
  }

  async beginWrite(
    refs: readonly DocumentRef[],
    rowLocks: RowLocks,
    speculative?: SpeculativeChanges,
  ): Promise<WriteTransaction> {
    const { server } = this.#deps
    const session = this.#connect()
    const begun = Promise.withResolvers<void>()
    begun.promise.catch(() => {})
    const beginning = this.#begin('begin-write', session, async () => {
      // A bare BEGIN where the database prefers REPEATABLE READ: the statement that waits for the locks has its snapshot.
      const seen = () => ({
        view: server.viewOf(this.#deps.view),
        otherLayoutUsed: this.#deps.otherLayout() === 'used',
        ...rowsFor(server.rows(refs), speculative?.held),
        versionBase: server.incarnation.versionBase,
        defaultsVersion: null,
        server: server.state.server,
      })
      // Of that snapshot the view does the harm; old rows are refused by the UPDATE.
      const early = server.viewOf(this.#deps.view)
      await lockViewsOf(
        session,
        refs.map(({ userId }) => userId),
      )
      const unlocked = await this.#lockRows(session, refs, rowLocks)
      await server.timeline.hop()
      const view = server.viewOf(this.#deps.view)
      await server.timeline.hop()
      session.check()
      begun.resolve()
      return { ...seen(), unlocked, view: this.#deps.readCommitted ? view : early }
    })
    const applying = speculative && this.#applyBehind(begun.promise, session, speculative.changes)
    const state = await beginning.catch(error => {
      begun.reject(error)
      throw error
    })
    // After a COMMIT that may have taken place there is nothing to roll back any more.
    let open = true
    return {
      ...state,
      look: () =>
        this.#deps.call('look', () => {
          session.check()
          return server.state
        }),
      applyAndCommit: async changes => {
        const refused = await applying
        if (refused !== undefined) throw refused
        const answer = await this.#applyAndCommit(session, applying === undefined ? changes : []).catch(
          error => {
            open = false
            throw error
          },
        )
        if (answer.refused !== undefined) throw answer.refused
        return answer.rows
      },
      rollback: async () => {
        if (open) await this.#rollback(session)
      },
    }
  }

  /** Those that others hold are left with `skip`. */
  async #lockRows(
    session: Session,
    refs: readonly DocumentRef[],
    rowLocks: RowLocks,
  ): Promise<DocumentRef[]> {
    const { locks } = this.#deps.server
    // The connection of a process that is gone takes no lock: nobody would ever release it.
    session.check()
    if (rowLocks === 'skip') return refs.filter(ref => !locks.tryAcquire(session, `row ${documentId(ref)}`))
    for (const id of refs.map(documentId).sort()) await session.lock(`row ${id}`, 'exclusive')
    return []
  }

  async beginGate(viewLock: LockMode): Promise<GateTransaction> {
    const { server, call } = this.#deps
    const session = this.#connect()
    const state = await this.#begin('begin-gate', session, async () => {
      await lockOneView(session, this.#deps.view, viewLock)
      await server.timeline.hop()
      session.check()
      const { database, nextXid } = server.state
      return {
        view: server.viewOf(this.#deps.view),
        otherLayout: this.#deps.otherLayout(),
        database,
        nextXid,
        oldestXid: server.oldestXid(),
      }
    })
    const inSession = <T>(kind: string, work: () => T) =>
      call(kind, () => {
        session.check()
        return work()
      })
    return {
      ...state,
      changedSince: (xid, limit) =>
        inSession('changed-since', () => server.changedSince(xid).slice(0, limit)),
      setOn: (v, leaseMs) =>
        inSession('set-on', () => {
          const { view: id } = this.#deps
          const { database } = server.state
          const { identity } = v
          const on = { mode: 'ON', drained: false, identity, database, reason: 'gate', leaseMs } as const
          session.viewAfter = { id, view: { ...server.viewOf(id), ...on } }
        }),
      commit: () => this.#commit(session),
      rollback: () => this.#rollback(session),
    }
  }

  #connect(): Session {
    return this.#deps.server.connect(this.#deps.process)
  }

  async #begin<T>(kind: string, session: Session, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#deps.call(kind, work)
    } catch (error) {
      await this.#rollback(session)
      throw error
    }
  }

  /** One message: what the server refuses before COMMIT is its answer; after that nobody knows without one. */
  async #applyAndCommit(session: Session, changes: readonly Change[]): Promise<Applied> {
    const { server, call } = this.#deps
    try {
      return await call('apply-and-commit', async () => {
        const refused = await this.#apply(session, changes)
        if (refused !== undefined) return { rows: [], refused }
        await server.timeline.hop()
        server.commit(session)
        return { rows: session.writes }
      })
    } catch (error) {
      throw this.#unknown(session, error)
    }
  }

  /** The statement behind those of `begun`, and what the server says against it. Never rejects. */
  async #applyBehind(
    begun: Promise<void>,
    session: Session,
    changes: readonly Change[],
  ): Promise<Error | undefined> {
    const { locks } = this.#deps.server
    const isLocked = ({ ref }: Change) => locks.tryAcquire(session, `row ${documentId(ref)}`)
    try {
      return await this.#deps.call('apply', async () => {
        await begun
        session.check()
        if (!changes.every(isLocked)) return new WriteConflictError('another writer has a row lock')
        return await this.#apply(session, changes)
      })
    } catch (error) {
      return error instanceof Error ? error : new DatabaseUnavailableError(String(error))
    }
  }

  /** What the server says against the changes; undefined = they are planned. */
  async #apply(session: Session, changes: readonly Change[]): Promise<Error | undefined> {
    for (const { ref } of changes) {
      try {
        await session.lock(`tuple ${documentId(ref)}`, 'exclusive', DEADLOCK_MS)
      } catch {
        return new WriteConflictError('deadlock detected')
      }
    }
    if (session.ended) return new DatabaseUnavailableError('terminating connection')
    if (!this.#deps.server.plan(session, changes)) return new WriteConflictError('changed by hand meanwhile')
    return undefined
  }

  async #commit(session: Session): Promise<void> {
    try {
      await this.#deps.call('commit', () => this.#deps.server.commit(session))
    } catch (error) {
      throw this.#unknown(session, error)
    }
  }

  #unknown(session: Session, cause: unknown): CommitUnknownError {
    this.#abandon(session)
    return new CommitUnknownError('the answer to COMMIT did not arrive', { cause })
  }

  async #rollback(session: Session): Promise<void> {
    try {
      await this.#deps.call('rollback', () => session.end())
    } catch {
      this.#abandon(session)
    }
  }

  /** The connection is given up; what was sent on it may still be carried out before the server notices. */
  #abandon(session: Session): void {
    const { server, random } = this.#deps
    server.timeline.later(random.between(0, ABANDON_MS), () => session.end())
  }
}

/** The rows of a write: those that are held, unless the database has others. */
function rowsFor(
  rows: readonly Row[],
  held: readonly Row[] | undefined,
): Pick<WriteTransaction, 'rows' | 'outdated'> {
  if (held === undefined) return { rows, outdated: [] }
  const isCurrent = (mine: Row) =>
    rows.some(
      ({ ref, version, updatedAt }) =>
        documentId(ref) === documentId(mine.ref) && version === mine.version && updatedAt === mine.updatedAt,
    )
  return { rows: held, outdated: held.filter(row => !isCurrent(row)).map(({ ref }) => ref) }
}
