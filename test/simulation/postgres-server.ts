import type { Change, DocumentRef, Row } from '../../src/consistency/document-rows.ts'
import type { DatabaseState, OtherLayout, View } from '../../src/consistency/views.ts'
import type { SequenceDay } from '../../src/sequence/ports.ts'
import { documentId, viewOfUser } from './documents.ts'
import type { StoredHandover } from './memory-handover.ts'
import { Locks } from './postgres-locks.ts'
import { Session } from './postgres-session.ts'
import type { SimProcess } from './process.ts'
import type { Timeline } from './timeline.ts'
import { lockAllViews } from './view-locks.ts'

/** One committed version of a document. */
export interface Committed {
  readonly row: Row
  readonly xid: bigint
  /** Counts all commits of the server. */
  readonly commit: number
  /** Virtual time of the COMMIT. */
  readonly at: number
  /** `documents.incarnation`. */
  readonly incarnation: number
  /** Changed with psql, not by a gateway. */
  readonly byHand: boolean
}

export interface ServerRules {
  /** Versions of a new incarnation begin above all that may have been given before. */
  readonly versionBase: boolean
  /** Order numbers of a new incarnation begin above all that may have been drawn before. */
  readonly sequenceFloor: boolean
}

/** The database as it was. */
interface Backup {
  readonly history: ReadonlyMap<string, readonly Committed[]>
  readonly highWater: ReadonlyMap<string, number>
  readonly sequenceFloor: number
  readonly nextXid: bigint
  readonly views: readonly View[]
  readonly incarnation: Incarnation
}

/** The row of `database_incarnation`. */
export interface Incarnation {
  readonly id: string
  readonly number: number
  readonly versionBase: number
  readonly timeline: number
}

const NEW_VIEW: View = {
  mode: 'OFF',
  epoch: 1,
  drained: true,
  identity: null,
  database: null,
  reason: 'new-database',
  leaseMs: 0,
}
/** The views of the two partitions of a cluster. */
const PARTITION_VIEWS: readonly number[] = [1, 2]
const FIRST_XID = 100n
const NEVER = Number.NEGATIVE_INFINITY
/** As in `other_layout`, in proportion to the times of SOUND. */
const RECENT_MS = 1_500
/** More versions than a document gets in one run. */
const BASE_STEP = 1_000
/** More order numbers than a run draws. */
const FLOOR_STEP = 10_000

/** One PostgreSQL: what is committed, who is connected, and which database it is. READ COMMITTED. */
export class PostgresServer {
  readonly timeline: Timeline
  readonly locks = new Locks()
  readonly sessions = new Set<Session>()
  /** By documentId, oldest version first. */
  readonly history = new Map<string, Committed[]>()
  readonly highWater = new Map<string, number>()
  /** No order number is drawn at or below it. */
  sequenceFloor = 0
  readonly handovers = new Map<string, StoredHandover>()
  /** Of `server`: another one after each start. */
  starts = 1
  incarnation: Incarnation = { id: '', number: 0, versionBase: 0, timeline: 0 }
  downUntil = 0
  commits = 0
  /** It was set back, and no gateway has begun a new incarnation since. */
  setBackUnnoticed = false
  readonly #rules: ServerRules
  readonly #root: string
  #backup: Backup | undefined
  #clusterTimeline = 1
  /** Of all times, those that were lost included: ids are random, and the wall clock gives the base. */
  #incarnations = 0
  #nextXid = FIRST_XID
  readonly #viewChanges = [0, 0, 0]
  #views: readonly View[] = [NEW_VIEW, NEW_VIEW, NEW_VIEW]
  /** When each was turned ON or OFF last. */
  readonly #turnedAt = [NEVER, NEVER, NEVER]

  constructor(timeline: Timeline, rules: ServerRules, root = '0123456789ab') {
    this.timeline = timeline
    this.#rules = rules
    this.#root = root
  }

  get up(): boolean {
    return this.timeline.now >= this.downUntil
  }

  /** What one snapshot tells of the server and its database. */
  get state(): DatabaseState {
    const { id, timeline } = this.incarnation
    const moved = id === '' ? 'new-database' : timeline === this.#clusterTimeline ? null : 'database-timeline'
    return { database: id, moved, nextXid: this.#nextXid, server: String(this.starts) }
  }

  /** Under the exclusive VIEW lock of all views. */
  beginIncarnation(database: string, reason: string, atLeast: number): void {
    const { id, number: last, versionBase } = this.incarnation
    if (id !== database) return
    this.setBackUnnoticed = false
    const number = Math.max(last + 1, atLeast)
    this.incarnation = {
      id: `${this.#root}-${number}-${String(++this.#incarnations).padStart(8, '0')}`,
      number,
      versionBase:
        id === '' || !this.#rules.versionBase ? 0 : Math.max(versionBase, this.#incarnations * BASE_STEP),
      timeline: this.#clusterTimeline,
    }
    if (id !== '' && this.#rules.sequenceFloor) this.sequenceFloor = this.#incarnations * FLOOR_STEP
    for (const each of id === '' ? [] : [0, ...PARTITION_VIEWS]) {
      const { epoch } = this.viewOf(each)
      this.setView(each, { ...this.viewOf(each), mode: 'OFF', epoch: epoch + 1, drained: false, reason })
    }
  }

  /** That of one Redis. */
  get view(): View {
    return this.viewOf(0)
  }

  set view(view: View) {
    this.setView(0, view)
  }

  /** By the id of its row: 0 = one Redis, others = a partition. */
  viewOf(id: number): View {
    return this.#views[id]!
  }

  setView(id: number, view: View): void {
    if (view.mode !== this.viewOf(id).mode) this.#turnedAt[id] = this.timeline.now
    this.#views = this.#views.with(id, view)
    this.#viewChanges[id]!++
  }

  /** Another number whenever the view has been changed. */
  viewChangesOf(id: number): number {
    return this.#viewChanges[id]!
  }

  /** What the views of the other layout than that of view `id` are doing. */
  otherLayout(id: number): OtherLayout {
    const others = this.othersOf(id)
    if (others.some(other => this.#isUsed(other))) return 'used'
    const recent = others.some(other => this.timeline.now - this.#turnedAt[other]! < RECENT_MS)
    return recent ? 'recent' : 'none'
  }

  othersOf(id: number): readonly number[] {
    return id === 0 ? PARTITION_VIEWS : [0]
  }

  #isUsed(id: number): boolean {
    const { mode, drained } = this.viewOf(id)
    return mode === 'ON' || !drained
  }

  connect(process?: SimProcess): Session {
    const session = new Session(this, process)
    if (process?.alive === false) session.end()
    else this.sessions.add(session)
    return session
  }

  oldestXid(): bigint {
    let oldest = this.#nextXid
    for (const { xid } of this.sessions) if (xid !== undefined && xid < oldest) oldest = xid
    return oldest
  }

  row(id: string): Row | undefined {
    return this.history.get(id)?.at(-1)?.row
  }

  rows(refs: readonly DocumentRef[]): Row[] {
    return refs.map(ref => this.row(documentId(ref))).filter(row => row !== undefined)
  }

  /** Plans changes in the session's transaction; false when a row is not of the version before. */
  plan(session: Session, changes: readonly Change[]): boolean {
    session.xid ??= this.#nextXid++
    for (const { ref, previous, version, data } of changes) {
      if ((this.row(documentId(ref))?.version ?? 0) !== previous) return false
      session.writes.push({
        ref,
        version,
        data,
        updatedAt: new Date(1.8e12 + this.timeline.now).toISOString(),
      })
    }
    return true
  }

  commit(session: Session, byHand = false): void {
    session.check()
    const commit = ++this.commits
    for (const row of session.writes) {
      const id = documentId(row.ref)
      const versions = this.history.get(id) ?? []
      versions.push({
        row,
        xid: session.xid!,
        commit,
        at: this.timeline.now,
        incarnation: this.incarnation.number,
        byHand,
      })
      this.history.set(id, versions)
    }
    if (session.viewAfter !== undefined) this.setView(session.viewAfter.id, session.viewAfter.view)
    session.end()
  }

  /** No order number of the user's day above it was reserved. */
  highWaterOf({ userId, day }: SequenceDay): number {
    return Math.max(this.highWater.get(`${userId} ${day}`) ?? 0, this.sequenceFloor)
  }

  changedSince(xid: bigint): { ref: DocumentRef; version: number }[] {
    return [...this.history.values()]
      .map(versions => versions.at(-1)!)
      .filter(last => last.incarnation === this.incarnation.number && last.xid >= xid)
      .map(({ row: { ref, version } }) => ({ ref, version }))
  }

  turnOff(id: number, reason: string): void {
    const view = this.viewOf(id)
    if (view.mode === 'ON')
      this.setView(id, { ...view, mode: 'OFF', epoch: view.epoch + 1, drained: false, reason })
  }

  /** Somebody's UPDATE in psql, with the triggers of the migration: version + 1, the view OFF at COMMIT. */
  async editByHand(ref: DocumentRef, data: string): Promise<void> {
    const session = this.connect()
    const id = documentId(ref)
    try {
      await session.lock(`tuple ${id}`, 'exclusive')
      const previous = this.row(id)?.version ?? 0
      const version = Math.max(previous + 1, this.incarnation.versionBase)
      this.plan(session, [{ ref, previous, version, data, changes: '[]', updatedBy: 'sql', reason: 'sql' }])
      await this.timeline.hop()
      await lockAllViews(session, 'exclusive')
      for (const view of [0, viewOfUser(ref.userId)]) this.turnOff(view, 'manual-edit')
      this.commit(session, true)
    } catch {
      session.end()
    }
  }

  backUp(): void {
    const history = new Map([...this.history].map(([id, versions]) => [id, [...versions]]))
    this.#backup = {
      history,
      highWater: new Map(this.highWater),
      sequenceFloor: this.sequenceFloor,
      nextXid: this.#nextXid,
      views: this.#views,
      incarnation: this.incarnation,
    }
  }

  /** Whether a backup is older than transaction `xid`. */
  canSetBack(xid: bigint): boolean {
    return this.#backup !== undefined && this.#backup.nextXid < xid
  }

  /** Puts the backup in the place of the database; its timeline stays. Resolves to what is lost. */
  setBack(downMs: number): Committed[] {
    const { history, highWater, sequenceFloor, nextXid, views, incarnation } = this.#backup!
    this.restart(downMs, false)
    this.setBackUnnoticed = true
    const lost = [...this.history].flatMap(([id, versions]) => versions.slice(history.get(id)?.length ?? 0))
    this.history.clear()
    for (const [id, versions] of history) this.history.set(id, [...versions])
    this.highWater.clear()
    for (const [id, last] of highWater) this.highWater.set(id, last)
    this.sequenceFloor = sequenceFloor
    this.#nextXid = nextXid
    for (const [id, view] of views.entries()) this.setView(id, view)
    this.incarnation = incarnation
    return lost
  }

  /** Ends all sessions; `promoted` = a synchronous standby takes over, on a timeline of its own. */
  restart(downMs: number, promoted: boolean): void {
    if (promoted) this.#clusterTimeline++
    this.starts++
    this.#forgetIds()
    this.downUntil = this.timeline.now + downMs
    this.handovers.clear()
    for (const session of [...this.sessions]) session.end()
  }

  /** Transaction ids of which nothing was on disk are given a second time. */
  #forgetIds(): void {
    const committed = [...this.history.values()].map(versions => versions.at(-1)!.xid)
    this.#nextXid = committed.reduce((last, xid) => (xid > last ? xid : last), FIRST_XID - 1n) + 1n
  }
}
