import type {
  ChangedRows,
  DocumentRef,
  GateTransaction,
  HeldVersion,
  Row,
  RowsRead,
  StorePort,
  View,
  ViewSnapshot,
  WriteTransaction,
} from '../../src/consistency/ports.ts'
import { DatabaseUnavailableError } from '../../src/consistency/ports.ts'
import { Availability } from '../../src/store/availability.ts'
import { documentId } from './documents.ts'
import { MemoryTransactions } from './memory-transactions.ts'
import { type Network, NO_ANSWER } from './network.ts'
import type { LockMode } from './postgres-locks.ts'
import type { PostgresServer } from './postgres-server.ts'
import { type Session, STATEMENT_MS } from './postgres-session.ts'
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
  /** The database says what is not at the version held; without the rule it believes what the process holds. */
  readonly heldVersions: boolean
  /** Every transaction is READ COMMITTED, whatever the database prefers. */
  readonly readCommitted: boolean
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

/** The StorePort of one gateway, with as many connections as it wants. */
export class MemoryStore implements StorePort {
  /** Nothing of this gateway reaches PostgreSQL. */
  cut = false
  readonly availability = new Availability()
  readonly #deps: MemoryStoreDeps
  readonly #transactions: MemoryTransactions

  constructor(deps: MemoryStoreDeps) {
    this.#deps = deps
    this.#transactions = new MemoryTransactions({
      ...deps,
      readCommitted: deps.rules.readCommitted,
      call: (kind, work) => this.call(kind, work),
    })
  }

  async readView(): Promise<ViewSnapshot> {
    const { server } = this.#deps
    try {
      const snapshot = await this.call('read-view', () => ({
        ...server.state,
        view: server.view,
        oldestXid: server.oldestXid(),
        otherLayout: 'none' as const,
        handoversWait: [...server.handovers.values()].some(({ taken }) => !taken),
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
        const epoch = epochOf(server.view)
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
        const { database } = server.state
        const epoch = epochOf(server.view)
        const rows: Row[] = []
        for (const ref of refs) {
          const row = server.row(documentId(ref)) ?? missing(ref, heldBy.get(documentId(ref)))
          if (row !== undefined && !isHeld(row)) rows.push(row)
          if (!rules.oneStatement) await server.timeline.hop()
        }
        return { rows, epoch, database }
      }),
    )
  }

  async readIfUnlocked(refs: readonly DocumentRef[]): Promise<RowsRead | null> {
    const { server, rules } = this.#deps
    this.availability.check()
    return this.call('read-if-unlocked', async () => {
      const session = this.#connect()
      try {
        const before = { rows: server.rows(refs), epoch: epochOf(server.view) }
        if (!rules.repairReread) await server.timeline.sleep(this.#deps.random.between(0, 20))
        // The connection of a process that is gone takes no lock: nobody would ever release it.
        session.check()
        const locked = refs.every(ref => server.locks.tryAcquire(session, `row ${documentId(ref)}`))
        if (!locked && rules.repairLock) return null
        if (!rules.repairReread) return before
        await server.timeline.hop()
        session.check()
        return { rows: server.rows(refs), epoch: epochOf(server.view) }
      } finally {
        session.end()
      }
    })
  }

  async beginWrite(refs: readonly DocumentRef[], waits: boolean): Promise<WriteTransaction> {
    this.availability.check()
    return this.#transactions.beginWrite(refs, waits)
  }

  beginGate(): Promise<GateTransaction> {
    return this.#transactions.beginGate(this.#exclusive)
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

  /** All gateways of a run have the same kind of Redis. */
  async setOtherLayoutOff(): Promise<readonly []> {
    return []
  }

  async setOtherLayoutDrained(): Promise<void> {}

  raiseLease(leaseMs: number): Promise<void> {
    const { server } = this.#deps
    return this.call('raise-lease', () => {
      server.view = { ...server.view, leaseMs: Math.max(leaseMs, server.view.leaseMs) }
    })
  }

  setDrained(epoch: number): Promise<void> {
    const { server } = this.#deps
    return this.call('set-drained', () => {
      const { view } = server
      if (view.mode === 'OFF' && view.epoch === epoch) server.view = { ...view, drained: true }
    })
  }

  newEpoch(epoch: number, atLeast: number): Promise<number | null> {
    const { server } = this.#deps
    return this.call('new-epoch', () =>
      this.#underViewLock(() => {
        const { view } = server
        if (view.mode !== 'OFF' || !view.drained || view.epoch !== epoch) return null
        const taken = Math.max(epoch + 1, atLeast)
        server.view = { ...view, epoch: taken }
        return taken
      }),
    )
  }

  beginIncarnation(database: string, reason: string, atLeast: number): Promise<void> {
    const { server } = this.#deps
    return this.call('begin-incarnation', () =>
      this.#underViewLock(() => server.beginIncarnation(database, reason, atLeast)),
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

  get #exclusive(): LockMode {
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
}

/** A document that is held and does not exist. */
function missing(ref: DocumentRef, held: HeldVersion | undefined): Row | undefined {
  return held && { ref, version: 0, updatedAt: '', data: null }
}

function epochOf({ mode, epoch }: View): number | null {
  return mode === 'ON' ? epoch : null
}
