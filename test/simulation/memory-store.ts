import type {
  Change,
  DocumentRef,
  GateTransaction,
  Row,
  StorePort,
  View,
  ViewSnapshot,
  WriteTransaction,
} from '../../src/consistency/ports.ts'
import {
  CommitUnknownError,
  DatabaseUnavailableError,
  WriteConflictError,
} from '../../src/consistency/ports.ts'
import { Availability } from '../../src/store/availability.ts'
import { documentId } from './documents.ts'
import { type Network, NO_ANSWER } from './network.ts'
import { DEADLOCK_MS, type PostgresServer, type Session, STATEMENT_MS } from './postgres-server.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'

export interface StoreRules {
  /** The gate, and whoever turns the view OFF, hold the VIEW lock exclusively. */
  readonly exclusiveViewLock: boolean
  /** A repair has the row lock. */
  readonly repairLock: boolean
  /** A repair reads in a new statement, after it got the lock. */
  readonly repairReread: boolean
  /** All documents of one read come from one statement. */
  readonly oneStatement: boolean
}

export interface MemoryStoreDeps {
  readonly process: SimProcess
  readonly network: Network
  readonly server: PostgresServer
  readonly random: Random
  readonly rules: StoreRules
}

/** The driver's own timeout comes after the server's. */
const CALL_MS = STATEMENT_MS + 250
/** The server notices within this time that a client has gone. */
const ABANDON_MS = 1_500

/** The StorePort of one gateway, with as many connections as it wants. */
export class MemoryStore implements StorePort {
  /** Nothing of this gateway reaches PostgreSQL. */
  cut = false
  readonly availability = new Availability()
  readonly #deps: MemoryStoreDeps

  constructor(deps: MemoryStoreDeps) {
    this.#deps = deps
  }

  async readView(): Promise<ViewSnapshot> {
    const { server } = this.#deps
    try {
      const snapshot = await this.call('read-view', () => ({
        view: server.view,
        database: server.database,
        oldestXid: server.oldestXid(),
      }))
      this.availability.reached()
      return snapshot
    } catch (error) {
      this.availability.failed(!server.up)
      throw error
    }
  }

  readRows(refs: readonly DocumentRef[]): Promise<readonly Row[]> {
    const { server, rules } = this.#deps
    return this.availability.race(() =>
      this.call('read-rows', async () => {
        if (rules.oneStatement) return server.rows(refs)
        const rows: Row[] = []
        for (const ref of refs) {
          rows.push(...server.rows([ref]))
          await server.timeline.hop()
        }
        return rows
      }),
    )
  }

  async readIfUnlocked(refs: readonly DocumentRef[]): Promise<readonly Row[] | null> {
    const { server, rules } = this.#deps
    this.availability.check()
    return this.call('read-if-unlocked', async () => {
      const session = this.#connect()
      try {
        const before = server.rows(refs)
        if (!rules.repairReread) await server.timeline.sleep(this.#deps.random.between(0, 20))
        const locked = refs.every(ref => server.locks.tryAcquire(session, `row ${documentId(ref)}`))
        if (!locked && rules.repairLock) return null
        if (!rules.repairReread) return before
        await server.timeline.hop()
        session.check()
        return server.rows(refs)
      } finally {
        session.end()
      }
    })
  }

  async beginWrite(refs: readonly DocumentRef[]): Promise<WriteTransaction> {
    const { server } = this.#deps
    this.availability.check()
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
      apply: changes => this.call('apply', () => this.#apply(session, changes)),
      commit: () => this.#commit(session),
      rollback: () => this.#rollback(session),
    }
  }

  async setOff(epoch: number, reason: string): Promise<View> {
    const { server } = this.#deps
    return this.call('set-off', async () => {
      await this.#underViewLock(() => {
        if (server.view.epoch === epoch) server.turnOff(reason)
      })
      await server.timeline.hop()
      return server.view
    })
  }

  setDrained(epoch: number): Promise<void> {
    const { server } = this.#deps
    return this.call('set-drained', () => {
      const { view } = server
      if (view.mode === 'OFF' && view.epoch === epoch) server.view = { ...view, drained: true }
    })
  }

  newEpoch(epoch: number): Promise<number | null> {
    const { server } = this.#deps
    return this.call('new-epoch', () =>
      this.#underViewLock(() => {
        const { view } = server
        if (view.mode !== 'OFF' || !view.drained || view.epoch !== epoch) return null
        server.view = { ...view, epoch: epoch + 1 }
        return epoch + 1
      }),
    )
  }

  async beginGate(): Promise<GateTransaction> {
    const { server } = this.#deps
    const session = this.#connect()
    const state = await this.#begin('begin-gate', session, async () => {
      await session.lock('view', this.#exclusive)
      await server.timeline.hop()
      session.check()
      return { view: server.view, database: server.database }
    })
    const inSession = <T>(kind: string, work: () => T) =>
      this.call(kind, () => {
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

  /** One statement, or several in a row: there and back over the network. */
  call<T>(kind: string, work: () => T | Promise<T>): Promise<T> {
    const { network, process, server } = this.#deps
    return network.call<T>({
      process,
      kind: `postgres.${kind}`,
      timeoutMs: CALL_MS,
      execute: () => {
        if (this.cut) throw NO_ANSWER
        if (!server.up) throw new DatabaseUnavailableError('connection refused')
        return work()
      },
      timedOut: () => new DatabaseUnavailableError(`${kind}: no answer`),
    })
  }

  get #exclusive(): 'exclusive' | 'shared' {
    return this.#deps.rules.exclusiveViewLock ? 'exclusive' : 'shared'
  }

  async #underViewLock<T>(work: () => T): Promise<T> {
    const session = this.#connect()
    try {
      await session.lock('view', this.#exclusive)
      return work()
    } finally {
      session.end()
    }
  }

  #connect(): Session {
    return this.#deps.server.connect(this.#deps.process)
  }

  async #begin<T>(kind: string, session: Session, work: () => Promise<T>): Promise<T> {
    try {
      return await this.call(kind, work)
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
      await this.call('commit', () => this.#deps.server.commit(session))
    } catch (error) {
      this.#abandon(session)
      throw new CommitUnknownError('the answer to COMMIT did not arrive', { cause: error })
    }
  }

  async #rollback(session: Session): Promise<void> {
    try {
      await this.call('rollback', () => session.end())
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
