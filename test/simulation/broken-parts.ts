import { type BatchRead, BatchReader } from '../../src/consistency/batch-reader.ts'
import type { CacheFence, CachePort, ScriptOutcome } from '../../src/consistency/cache-port.ts'
import { DatabaseCheck } from '../../src/consistency/database-check.ts'
import type { DocumentRef, HeldVersion } from '../../src/consistency/document-rows.ts'
import { Follower, type FollowerDeps } from '../../src/consistency/follower.ts'
import { Gate, type GateDeps } from '../../src/consistency/gate.ts'
import { Lease } from '../../src/consistency/lease.ts'
import { Outage } from '../../src/consistency/outage.ts'
import type { ClockPort } from '../../src/consistency/ports.ts'
import { type ReadDeps, Reader } from '../../src/consistency/read.ts'
import {
  type StorePort,
  WriteConflictError,
  type WriteTransaction,
} from '../../src/consistency/store-port.ts'
import type { DatabaseState, ViewToken } from '../../src/consistency/views.ts'
import { type WriteDeps, Writer } from '../../src/consistency/write.ts'
import { readIdOf } from './documents.ts'
import { override } from './override.ts'

/** Classes of the protocol with one rule taken away each. */

/** The drain waits as long as this instance's own leases last. */
export class OwnLeaseOutage extends Outage {
  protected override waitMs(): number {
    return super.waitMs(0)
  }
}

/** Only what the server tells of itself counts: not what Redis and this process know. */
export class BlindCheck extends DatabaseCheck {
  override accept(state: DatabaseState): Promise<boolean> {
    return super.accept({ ...state, nextXid: 2n ** 62n }, null, undefined)
  }

  override admits(): Promise<boolean> {
    return Promise.resolve(true)
  }

  override marker(): Promise<null> {
    return Promise.resolve(null)
  }
}

/** A server that has started again is looked at with the next renewal only. */
export class LateCheck extends DatabaseCheck {
  override admits(): Promise<boolean> {
    return Promise.resolve(true)
  }
}

/**
 * The lease never ends by itself; it is dropped, and names its connection, as ever. A lease is looked at when a read
 * begins and again when the reply is there; the first look alone keeps reads right as well (6,849 seeds), so the rule
 * is off only without both.
 */
export class EndlessLease extends Lease {
  override grant(v: ViewToken, connection: number, _askedAt: number, clockOffset: number): void {
    super.grant(v, connection, Number.POSITIVE_INFINITY, clockOffset)
  }
}

/** The lease runs from the moment it was granted. */
export class LeaseFromTheEnd extends Lease {
  readonly #now: ClockPort

  constructor(clock: ClockPort, leaseMs: number) {
    super(clock, leaseMs)
    this.#now = clock
  }

  override grant(v: ViewToken, connection: number): void {
    const now = this.#now.now()
    super.grant(v, connection, now, this.#now.wall() - now)
  }
}

/** A read joins a query that was sent before it began. */
export class JoiningBatchReader extends BatchReader {
  readonly #sent = new Map<string, Promise<BatchRead>>()

  override read(
    refs: readonly DocumentRef[],
    held?: readonly (HeldVersion | undefined)[],
  ): Promise<BatchRead> {
    const id = JSON.stringify([refs, held])
    const joined = this.#sent.get(id)
    if (joined !== undefined) return joined
    const sent = super.read(refs, held).finally(() => this.#sent.delete(id))
    this.#sent.set(id, sent)
    return sent
  }
}

/** A read joins a statement that was sent before it began. */
export class JoiningFollower extends Follower {
  readonly #sent = new Set<Parameters<Follower['confirm']>[]>()

  override confirm(...[entry, onTold]: Parameters<Follower['confirm']>): void {
    const [sent] = this.#sent
    if (sent !== undefined) {
      sent.push([entry, onTold])
      return
    }
    const joined: Parameters<Follower['confirm']>[] = []
    this.#sent.add(joined)
    super.confirm(entry, confirmation => {
      this.#sent.delete(joined)
      onTold(confirmation)
      for (const [other, tell] of joined) tell(other === entry ? confirmation : 'changed')
    })
  }
}

/** Entries are not told of changes. */
export class DeafFollower extends Follower {
  constructor(deps: FollowerDeps) {
    super({ ...deps, near: override(deps.near, { unfollow: () => {} }) })
  }
}

/** An entry is followed from any moment on, also from one before what was told already. */
export class LateFollower extends Follower {
  protected override isRecent(): boolean {
    return true
  }
}

/** The near cache answers without asking Redis for the heads. */
export class TrustingReader extends Reader {
  constructor(deps: ReadDeps) {
    super({ ...deps, cache: withoutHeads(deps) })
  }
}

function withoutHeads({ cache, near, lease }: ReadDeps): CachePort {
  return override(cache, {
    readHeads: (keys, stampKey, answered) => {
      const grant = lease.current()
      const held = grant && near.find(readIdOf(keys), grant.v)
      if (grant === undefined || held === undefined) cache.readHeads(keys, stampKey, answered)
      else answered(undefined, { heads: held.heads, connection: grant.connection })
    },
  })
}

/**
 * The fence is placed after COMMIT. One that cannot be placed still turns the view OFF and waits before the write is
 * acknowledged, so that nothing but the order is another.
 */
export class LateFenceWriter extends Writer {
  constructor(deps: WriteDeps) {
    /** By the key of the whole document: until COMMIT its row lock keeps all other writers out. */
    const late = new Map<string, { v: ViewToken; place: () => Promise<ScriptOutcome> }>()
    const cache = override(deps.cache, {
      fence: async (v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> => {
        for (const fence of fences)
          late.set(fence.keys[0]!, { v, place: () => deps.cache.fence(v, nonce, [fence]) })
        return 'done'
      },
    })
    const placeOrTurnOff = async (key: string) => {
      const fence = late.get(key)
      if (fence === undefined || (await fence.place().catch(() => undefined)) === 'done') return
      const off = await deps.outage.turnOff(fence.v.epoch, 'redis-unreachable')
      if (off.mode === 'OFF' && !off.drained) await deps.outage.waitUntilDrained(off)
    }
    const store: StorePort = override(deps.store, {
      beginWrite: async (refs, rowLocks, speculative) => {
        const tx = await deps.store.beginWrite(refs, rowLocks, speculative)
        const keys = refs.map(ref => deps.codec.keys(ref)[0]!)
        for (const key of keys) late.delete(key)
        const applyAndCommit: WriteTransaction['applyAndCommit'] = async changes => {
          const rows = await tx.applyAndCommit(changes)
          for (const key of keys) await placeOrTurnOff(key)
          return rows
        }
        return { ...tx, applyAndCommit }
      },
    })
    super({ ...deps, cache, store })
  }
}

/** A write that changes nothing, or gives up, does not wait until the view is drained; one that changes something does. */
export class HastyWriter extends Writer {
  constructor(deps: WriteDeps) {
    const store: StorePort = override(deps.store, {
      beginWrite: async (refs, rowLocks, speculative) => {
        const tx = await deps.store.beginWrite(refs, rowLocks, speculative)
        const { view } = tx
        if (view.mode === 'ON' || view.drained) return tx
        const applyAndCommit: WriteTransaction['applyAndCommit'] = async () => {
          await tx.rollback()
          await deps.outage.waitUntilDrained(view)
          throw new WriteConflictError('the view was not drained')
        }
        return { ...tx, view: { ...view, drained: true }, applyAndCommit }
      },
    })
    super({ ...deps, store })
  }
}

/**
 * The gate repairs before it adopts: Redis does not know V' yet and refuses the fences. The gate would notice and stay
 * shut for ever, which is no wrong answer; that adoption comes first is what makes the look at the outcome enough. So
 * the look goes with the rule.
 */
export class RepairFirstGate extends Gate {
  constructor(deps: GateDeps) {
    let adopt: (() => Promise<ScriptOutcome>) | undefined
    const cache = override(deps.cache, {
      adopt: async (v: ViewToken): Promise<ScriptOutcome> => {
        adopt = () => deps.cache.adopt(v)
        return 'done'
      },
      fence: async (v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> => {
        await deps.cache.fence(v, nonce, fences)
        return 'done'
      },
      hold: async (): Promise<ScriptOutcome> => 'done',
    })
    const store: StorePort = override(deps.store, {
      beginGate: async () => {
        const tx = await deps.store.beginGate()
        const setOn = async (v: ViewToken, leaseMs: number) => {
          const outcome = await adopt?.()
          if (outcome === 'view') throw new Error('somebody else was faster')
          await tx.setOn(v, leaseMs)
        }
        return { ...tx, setOn }
      },
    })
    super({ ...deps, cache, store })
  }
}

/** The gate fences nothing of what was changed since the marker. */
export class ForgetfulGate extends Gate {
  constructor(deps: GateDeps) {
    const store: StorePort = override(deps.store, {
      beginGate: async () => ({ ...(await deps.store.beginGate()), changedSince: async () => [] }),
    })
    super({ ...deps, store })
  }
}
