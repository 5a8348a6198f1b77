import type {
  Change,
  DocumentRef,
  GateTransaction,
  Row,
  WriteTransaction,
} from '../../src/consistency/ports.ts'
import { CommitUnknownError, WriteConflictError } from '../../src/consistency/ports.ts'
import { documentId } from './documents.ts'
import type { LockMode } from './postgres-locks.ts'
import { DEADLOCK_MS, type PostgresServer, type Session } from './postgres-server.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'

export interface MemoryTransactionsDeps {
  readonly process: SimProcess
  readonly server: PostgresServer
  readonly random: Random
  /** One statement, or several in a row: there and back over the network. */
  readonly call: <T>(kind: string, work: () => T | Promise<T>) => Promise<T>
}

/** The server notices within this time that a client has gone. */
const ABANDON_MS = 1_500

/** The transactions of one gateway that take several calls: those of writers and those of gates. */
export class MemoryTransactions {
  readonly #deps: MemoryTransactionsDeps

  constructor(deps: MemoryTransactionsDeps) {
    this.#deps = deps
  }

  async beginWrite(refs: readonly DocumentRef[]): Promise<WriteTransaction> {
    const { server, call } = this.#deps
    const session = this.#connect()
    const state = await this.#begin('begin-write', session, async () => {
      await session.lock('view', 'shared')
      for (const id of refs.map(documentId).sort()) await session.lock(`row ${id}`, 'exclusive')
      await server.timeline.hop()
      const { view } = server
      await server.timeline.hop()
      session.check()
      return { view, rows: server.rows(refs) }
    })
    return {
      ...state,
      apply: changes => call('apply', () => this.#apply(session, changes)),
      commit: () => this.#commit(session),
      rollback: () => this.#rollback(session),
    }
  }

  async beginGate(viewLock: LockMode): Promise<GateTransaction> {
    const { server, call } = this.#deps
    const session = this.#connect()
    const state = await this.#begin('begin-gate', session, async () => {
      await session.lock('view', viewLock)
      await server.timeline.hop()
      session.check()
      return { view: server.view, database: server.database }
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
      setOn: v =>
        inSession('set-on', () => {
          const { database, view } = server
          const { identity } = v
          session.viewAfter = { ...view, mode: 'ON', drained: false, identity, database, reason: 'gate' }
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

  async #apply(session: Session, changes: readonly Change[]): Promise<readonly Row[]> {
    const { server } = this.#deps
    for (const { ref } of changes) {
      try {
        await session.lock(`tuple ${documentId(ref)}`, 'exclusive', DEADLOCK_MS)
      } catch {
        throw new WriteConflictError('deadlock detected')
      }
    }
    session.check()
    if (!server.plan(session, changes)) throw new WriteConflictError('changed by hand meanwhile')
    return session.writes
  }

  async #commit(session: Session): Promise<void> {
    try {
      await this.#deps.call('commit', () => this.#deps.server.commit(session))
    } catch (error) {
      this.#abandon(session)
      throw new CommitUnknownError('the answer to COMMIT did not arrive', { cause: error })
    }
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
