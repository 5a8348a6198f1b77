import type {
  DocumentRef,
  HeldVersion,
  Row,
  SpeculativeChanges,
} from '../../src/consistency/document-rows.ts'
import type {
  ChangedRows,
  GateTransaction,
  Moment,
  RecentChanges,
  RowLocks,
  RowsRead,
  StorePort,
  WriteTransaction,
} from '../../src/consistency/store-port.ts'
import { DatabaseUnavailableError } from '../../src/consistency/store-port.ts'
import type { OtherLayout, UndrainedView, View, ViewSnapshot } from '../../src/consistency/views.ts'
import { Availability } from '../../src/store/availability.ts'
import { documentId } from './documents.ts'
import { MemoryTransactions } from './memory-transactions.ts'
import { type Network, NO_ANSWER } from './network.ts'
import type { LockMode } from './postgres-locks.ts'
import type { PostgresServer } from './postgres-server.ts'
import { type Session, STATEMENT_MS } from './postgres-session.ts'
import type { SimProcess } from './process.ts'
import type { Random } from './random.ts'
import { lockAllViews, lockOneView } from './view-locks.ts'

export interface StoreRules {
  /** The gate, and whoever turns the view OFF, hold the VIEW lock exclusively. */
  readonly exclusiveViewLock: boolean
  /** A repair has the row lock. */
  readonly repairLock: boolean
  /** A repair reads in a new statement, after it got the lock. */
  readonly repairReread: boolean
  /** All documents of one read come from one statement. */
  readonly oneStatement: boolean
  /** The database says what is not at the version held; without the rule it believes what the process holds. */
  readonly heldVersions: boolean
  /** Changes are followed from the oldest running transaction, not from the next one. */
  readonly followedFromOldest: boolean
  /** Changes are followed on one server, until it starts or crashes. */
  readonly followedServer: boolean
  /** Every transaction is READ COMMITTED, whatever the database prefers. */
  readonly readCommitted: boolean
  /** A write and a gate look whether the other layout is in use. */
  readonly oneLayout: boolean
}

export interface MemoryStoreDeps {
  readonly process: SimProcess
  readonly network: Network
  readonly server: PostgresServer
  readonly random: Random
  readonly rules: StoreRules
  /** The id of the view: 0 = one Redis, others = a partition of a cluster. */
  readonly view?: number
}

/** The driver's own timeout comes after the server's. */
const CALL_MS = STATEMENT_MS + 250

/** The StorePort of one gateway, with as many connections as it wants. */
export class MemoryStore implements StorePort {
  /** Nothing of this gateway reaches PostgreSQL. */
  cut = false
  readonly availability: Availability
  readonly viewId: number
  readonly #deps: MemoryStoreDeps
  readonly #transactions: MemoryTransactions

  /** Several stores of one gateway share an Availability. */
  constructor(deps: MemoryStoreDeps, availability = new Availability()) {
    this.#deps = deps
    this.availability = availability
    this.viewId = deps.view ?? 0
    this.#transactions = new MemoryTransactions({
      ...deps,
      view: this.viewId,
      otherLayout: () => this.#otherLayout(),
      readCommitted: deps.rules.readCommitted,
      call: (kind, work) => this.call(kind, work),
    })
  }

  async readView(): Promise<ViewSnapshot> {
    const { server } = this.#deps
    try {
      const snapshot = await this.call('read-view', () => ({
        ...server.state,
        view: this.#view,
        oldestXid: server.oldestXid(),
        otherLayout: this.#otherLayout(),
        handoversWait: [...server.handovers.values()].some(
          ({ taken, view }) => !taken && view === this.viewId,
        ),
      }))
      this.availability.reached(1)
      return snapshot
    } catch (error) {
      this.availability.failed(!server.up)
      throw error
    }
  }

  readRows(refs: readonly DocumentRef[]): Promise<RowsRead> {
    const { server, rules } = this.#deps
    return this.availability.race(() =>
      this.call('read-rows', async () => {
        const epoch = epochOf(this.#view)
        if (rules.oneStatement) return { rows: server.rows(refs), epoch }
        const rows: Row[] = []
        for (const ref of refs) {
          rows.push(...server.rows([ref]))
          await server.timeline.hop()
        }
        return { rows, epoch }
      }),
    )
  }

  readChangedRows(
    refs: readonly DocumentRef[],
    held: readonly (HeldVersion | undefined)[],
  ): Promise<ChangedRows> {
    const { server, rules } = this.#deps
    const heldBy = new Map(refs.map((ref, index) => [documentId(ref), held[index]]))
    const isHeld = (row: Row) => {
      const mine = heldBy.get(documentId(row.ref))
      if (mine === undefined || !rules.heldVersions) return mine !== undefined
      return mine.version === row.version && (mine.updatedAt ?? row.updatedAt) === row.updatedAt
    }
    return this.availability.race(() =>
      this.call('read-changed-rows', async () => {
        const moment = this.#moment
        const epoch = epochOf(this.#view)
        const rows: Row[] = []
        for (const ref of refs) {
          const row = server.row(documentId(ref)) ?? missing(ref, heldBy.get(documentId(ref)))
          if (row !== undefined && !isHeld(row)) rows.push(row)
          if (!rules.oneStatement) await server.timeline.hop()
        }
        return { ...moment, rows, epoch }
      }),
    )
  }

  readChangesSince(xid: bigint, limit: number): Promise<RecentChanges> {
    return this.availability.race(() =>
      this.call('read-changes-since', () => {
        const changed = this.#deps.server.changedSince(xid)
        return { ...this.#moment, changed: changed.length > limit ? undefined : changed }
      }),
    )
  }

  async readIfUnlocked(refs: readonly DocumentRef[]): Promise<RowsRead | null> {
    const { server, rules } = this.#deps
    this.availability.check()
    return this.call('read-if-unlocked', async () => {
      const session = this.#connect()
      try {
        const before = { rows: server.rows(refs), epoch: epochOf(this.#view) }
        if (!rules.repairReread) await server.timeline.sleep(this.#deps.random.between(0, 20))
        // The connection of a process that is gone takes no lock: nobody would ever release it.
        session.check()
        const locked = refs.every(ref => server.locks.tryAcquire(session, `row ${documentId(ref)}`))
        if (!locked && rules.repairLock) return null
        if (!rules.repairReread) return before
        await server.timeline.hop()
        session.check()
        return { rows: server.rows(refs), epoch: epochOf(this.#view) }
      } finally {
        session.end()
      }
    })
  }

  async beginWrite(
    refs: readonly DocumentRef[],
    rowLocks: RowLocks,
    speculative?: SpeculativeChanges,
  ): Promise<WriteTransaction> {
    this.availability.check()
    return this.#transactions.beginWrite(refs, rowLocks, speculative)
  }

  beginGate(): Promise<GateTransaction> {
    return this.#transactions.beginGate(this.#exclusive)
  }

  async setOff(epoch: number, reason: string): Promise<View> {
    const { server } = this.#deps
    return this.call('set-off', async () => {
      await this.#underOwnLock(() => {
        if (this.#view.epoch === epoch) server.turnOff(this.viewId, reason)
      })
      await server.timeline.hop()
      return this.#view
    })
  }

  setOtherLayoutOff(): Promise<readonly UndrainedView[]> {
    const { server } = this.#deps
    return this.call('set-other-layout-off', () =>
      this.#underLockOfAll(() => {
        const others = server.othersOf(this.viewId)
        for (const id of others) server.turnOff(id, 'other-layout')
        return others
          .map(view => ({ ...server.viewOf(view), view }))
          .filter(({ mode, drained }) => mode === 'OFF' && !drained)
      }),
    )
  }

  setOtherLayoutDrained(views: readonly UndrainedView[]): Promise<void> {
    const { server } = this.#deps
    return this.call('set-other-layout-drained', () => {
      for (const { view: id, epoch } of views) {
        const view = server.viewOf(id)
        if (view.mode === 'OFF' && view.epoch === epoch) server.setView(id, { ...view, drained: true })
      }
    })
  }

  raiseLease(leaseMs: number): Promise<void> {
    const { server } = this.#deps
    return this.call('raise-lease', () => {
      server.setView(this.viewId, { ...this.#view, leaseMs: Math.max(leaseMs, this.#view.leaseMs) })
    })
  }

  setDrained(epoch: number): Promise<void> {
    const { server } = this.#deps
    return this.call('set-drained', () => {
      const view = this.#view
      if (view.mode === 'OFF' && view.epoch === epoch) server.setView(this.viewId, { ...view, drained: true })
    })
  }

  newEpoch(epoch: number, atLeast: number): Promise<number | null> {
    const { server } = this.#deps
    return this.call('new-epoch', () =>
      this.#underOwnLock(() => {
        const view = this.#view
        if (view.mode !== 'OFF' || !view.drained || view.epoch !== epoch) return null
        const taken = Math.max(epoch + 1, atLeast)
        server.setView(this.viewId, { ...view, epoch: taken })
        return taken
      }),
    )
  }

  beginIncarnation(database: string, reason: string, atLeast: number): Promise<void> {
    const { server } = this.#deps
    return this.call('begin-incarnation', () =>
      this.#underLockOfAll(() => server.beginIncarnation(database, reason, atLeast)),
    )
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

  get #moment(): Moment {
    const { server, rules } = this.#deps
    const { database, server: start, nextXid } = server.state
    return {
      database,
      server: rules.followedServer ? start : '',
      oldestXid: rules.followedFromOldest ? server.oldestXid() : nextXid,
    }
  }

  get #view(): View {
    return this.#deps.server.viewOf(this.viewId)
  }

  #otherLayout(): OtherLayout {
    const { server, rules } = this.#deps
    return rules.oneLayout ? server.otherLayout(this.viewId) : 'none'
  }

  get #exclusive(): LockMode {
    return this.#deps.rules.exclusiveViewLock ? 'exclusive' : 'shared'
  }

  #underOwnLock<T>(work: () => T): Promise<T> {
    return this.#under(session => lockOneView(session, this.viewId, this.#exclusive), work)
  }

  #underLockOfAll<T>(work: () => T): Promise<T> {
    return this.#under(session => lockAllViews(session, this.#exclusive), work)
  }

  async #under<T>(lock: (session: Session) => Promise<void>, work: () => T): Promise<T> {
    const session = this.#connect()
    try {
      await lock(session)
      return work()
    } finally {
      session.end()
    }
  }

  #connect(): Session {
    return this.#deps.server.connect(this.#deps.process)
  }
}

/** A document that is held and does not exist. */
function missing(ref: DocumentRef, held: HeldVersion | undefined): Row | undefined {
  return held && { ref, version: 0, updatedAt: '', data: null }
}

function epochOf({ mode, epoch }: View): number | null {
  return mode === 'ON' ? epoch : null
}
