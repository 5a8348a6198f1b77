import {
  BlindCheck,
  DeafFollower,
  EndlessLease,
  ForgetfulGate,
  HastyWriter,
  JoiningBatchReader,
  JoiningFollower,
  LateCheck,
  LateFenceWriter,
  LateFollower,
  LeaseFromTheEnd,
  OwnLeaseOutage,
  RepairFirstGate,
  TrustingReader,
} from './broken-parts.ts'
import { type Build, SOUND } from './build.ts'
import type { ClusterFocus } from './cluster-focuses.ts'
import type { AnyFocus } from './draw-scenario.ts'

/** A rule of the protocol and the build in which it alone is switched off. */
export interface Rule {
  readonly name: string
  readonly says: string
  /** Marked † in docs/consistency.md; the others belong to this implementation. */
  readonly dagger: boolean
  readonly off: Build
  /** The mixture of faults it guards against, when it is rare otherwise. */
  readonly focus?: AnyFocus
  /** The one that it guards against in a cluster, when it matters there. */
  readonly inCluster?: ClusterFocus
}

const scripts = (off: Partial<Build['scripts']>): Build => ({
  ...SOUND,
  scripts: { ...SOUND.scripts, ...off },
})
const cache = (off: Partial<Build['cache']>): Build => ({ ...SOUND, cache: { ...SOUND.cache, ...off } })
const connections = (off: Partial<Build['connections']>): Build => ({
  ...SOUND,
  connections: { ...SOUND.connections, ...off },
})
const store = (off: Partial<Build['store']>): Build => ({ ...SOUND, store: { ...SOUND.store, ...off } })
const server = (off: Partial<Build['server']>): Build => ({ ...SOUND, server: { ...SOUND.server, ...off } })
const sequence = (off: Partial<Build['sequence']>): Build => ({
  ...SOUND,
  sequence: { ...SOUND.sequence, ...off },
})
const times = (off: Partial<Build['times']>): Build => ({ ...SOUND, times: { ...SOUND.times, ...off } })
const parts = (off: Partial<Build['parts']>): Build => ({ ...SOUND, parts: { ...SOUND.parts, ...off } })

/**
 * Without stamps as well: they refuse what comes late from another V too, so that no wrong answer was found without the
 * rule alone. Where no key disappears otherwise, as in the focuses of these rules, the rule alone keeps answers right.
 */
const unstamped = (build: Build): Build => ({
  ...build,
  scripts: { ...build.scripts, stampedFills: false, putOverOwnFence: false },
})

/** Every rule that can be switched off. No switch is in src: the test build replaces a port's rule or one class. */
export const RULES: readonly Rule[] = [
  {
    name: 'exclusive-view-lock',
    says: 'the gate, and whoever turns the view OFF, hold the VIEW lock exclusively',
    dagger: true,
    off: store({ exclusiveViewLock: false }),
    focus: 'gates',
    inCluster: 'cluster-gates',
  },
  {
    name: 'scripts-need-view',
    says: 'scripts refuse unless gateway:view equals the V of the caller',
    dagger: true,
    off: unstamped(scripts({ viewText: false })),
    focus: 'late-put',
  },
  {
    name: 'view-names-database',
    says: 'V names the database: scripts of another database refuse its view',
    dagger: false,
    off: scripts({ viewNamesDatabase: false }),
    focus: 'two-databases-flushed',
  },
  {
    name: 'claimed-redis',
    says: 'a lease needs that no other database that lives has claimed the keys',
    dagger: false,
    off: scripts({ claims: false }),
    focus: 'two-databases-flushed',
  },
  {
    name: 'gate-minds-claim',
    says: 'a gate does not take the keys from gateways of another database that live',
    dagger: false,
    off: scripts({ gateMindsClaim: false }),
    focus: 'two-databases-flushed',
  },
  {
    name: 'own-nonce',
    says: 'a fence replaces an equal one with its own nonce',
    dagger: true,
    off: scripts({ ownNonce: false }),
    focus: 'late-repair',
  },
  {
    name: 'no-fence-ttl',
    says: 'a fence never carries a TTL',
    dagger: true,
    off: cache({ fenceTtlMs: 300 }),
    focus: 'slow-commit',
  },
  {
    name: 'valid-lease',
    says: 'a hit needs a lease that is valid',
    dagger: true,
    off: parts({ Lease: EndlessLease }),
    focus: 'renewal',
  },
  {
    name: 'named-connection',
    says: 'a hit comes over the connection whose identity the lease names',
    dagger: true,
    off: cache({ connectionNamed: false }),
    focus: 'split-brain',
    inCluster: 'takeovers',
  },
  {
    name: 'own-command',
    says: 'a read never joins a command that was already sent',
    dagger: true,
    off: cache({ ownCommand: false }),
    focus: 'slow-reads',
  },
  {
    name: 'own-query',
    says: 'a read never joins a query that was already sent',
    dagger: true,
    off: parts({ BatchReader: JoiningBatchReader }),
  },
  {
    name: 'repair-row-lock',
    says: 'a repair tries the row lock',
    dagger: true,
    off: store({ repairLock: false }),
    focus: 'repair',
  },
  {
    name: 'repair-rereads',
    says: 'a repair reads again, in a new statement under the lock',
    dagger: true,
    off: store({ repairReread: false }),
    focus: 'slow-writer',
  },
  {
    name: 'exact-unfence',
    says: 'a repair takes away exactly the fence it has met',
    dagger: true,
    off: scripts({ exactNonce: false }),
    focus: 'repair',
  },
  {
    name: 'fence-before-commit',
    says: 'the fence is placed before COMMIT',
    dagger: true,
    off: parts({ Writer: LateFenceWriter }),
    focus: 'lost-stamps',
  },
  {
    name: 'told-when-drained',
    says: 'a write that changes nothing, or gives up, tells its caller of no row while leases of an OFF may be alive',
    dagger: false,
    off: parts({ Writer: HastyWriter }),
  },
  {
    name: 'lease-from-start',
    says: 'the lease runs from the time taken before anybody was asked',
    dagger: true,
    off: parts({ Lease: LeaseFromTheEnd }),
    focus: 'renewal',
  },
  {
    name: 'adopt-first',
    says: "the gate adopts V' before it repairs, for no fence of V' stands before that",
    dagger: true,
    off: parts({ Gate: RepairFirstGate }),
  },
  {
    name: 'fenced-since-marker',
    says: 'the gate fences every document that was changed since the marker',
    dagger: true,
    off: parts({ Gate: ForgetfulGate }),
  },
  {
    name: 'fill-carries-stamp',
    says: 'a fill of what is missing or fenced needs the stamp that its reader saw before it read the row',
    dagger: true,
    off: scripts({ stampedFills: false }),
    focus: 'evictions',
  },
  {
    name: 'put-needs-own-fence',
    says: 'the put of a writer needs its own fence, or an older value',
    dagger: true,
    off: scripts({ putOverOwnFence: false }),
    focus: 'evictions-and-late-fences',
  },
  {
    name: 'tombstones',
    says: 'no version is fenced that was deleted: a tombstone names it',
    dagger: false,
    off: scripts({ tombstones: false }),
    focus: 'deletions',
  },
  {
    name: 'stamped-fences',
    says: "the stamp of a user's documents moves on with each fence",
    dagger: false,
    off: scripts({ stampedFences: false }),
    focus: 'bundle',
  },
  {
    name: 'fresh-stamps',
    says: 'a stamp that was lost begins above all that came before',
    dagger: false,
    off: scripts({ freshStamps: false }),
    focus: 'lost-stamps',
  },
  {
    name: 'off-wait',
    says: 'a view turned OFF is drained only when every lease has ended',
    dagger: false,
    off: times({ offWaitMs: 0 }),
    inCluster: 'takeovers',
  },
  {
    name: 'scripts-need-dataset',
    says: 'what a script answers counts only when it ran on the dataset of V',
    dagger: false,
    off: cache({ dataset: false }),
    focus: 'split-brain',
    inCluster: 'takeovers',
  },
  {
    name: 'dataset-with-reply',
    says: 'a hit needs the role and the replication id of the lease, asked together with the reply',
    dagger: true,
    off: connections({ datasetWithReply: false }),
    focus: 'demotions',
    inCluster: 'cluster-demotions',
  },
  {
    name: 'sweep-after-adopt',
    says: "a cold start adopts V' before it removes the keys, so that no script of an older V stores behind it",
    dagger: false,
    off: unstamped(cache({ adoptBeforeSweep: false })),
    focus: 'late-put-in-sweep',
  },
  {
    name: 'proposed-marker',
    says: 'the marker moves only where a nonce is found that was seen written to the dataset of V',
    dagger: false,
    off: scripts({ proposedMarker: false }),
    focus: 'late-marker',
  },
  {
    name: 'one-statement',
    says: 'several documents are read in one statement',
    dagger: false,
    off: store({ oneStatement: false }),
    focus: 'bundle',
  },
  {
    name: 'near-confirmed-by-versions',
    says: 'without Redis the near cache answers only documents that the database says are at the version held',
    dagger: false,
    off: store({ heldVersions: false }),
  },
  {
    name: 'own-confirmation',
    says: 'a read never joins a statement that was sent before it began to ask what has changed',
    dagger: false,
    off: parts({ Follower: JoiningFollower }),
  },
  {
    name: 'followed-and-told',
    says: 'an entry is followed until an answer names one of its documents in another version',
    dagger: false,
    off: parts({ Follower: DeafFollower }),
  },
  {
    name: 'followed-from-oldest',
    says: 'changes are followed from the oldest transaction that was running in the last snapshot',
    dagger: false,
    off: store({ followedFromOldest: false }),
  },
  {
    name: 'followed-since',
    says: 'an entry is followed only if it holds every change that was told before',
    dagger: false,
    off: parts({ Follower: LateFollower }),
  },
  {
    name: 'followed-server',
    says: 'changes are followed on one server, until it starts or crashes',
    dagger: false,
    off: store({ followedServer: false }),
    focus: 'set-back',
  },
  {
    name: 'longest-lease',
    says: 'a drain waits for the longest lease of all instances',
    dagger: false,
    off: parts({ Outage: OwnLeaseOutage }),
    focus: 'mixed-leases',
  },
  {
    name: 'set-back-noticed',
    says: 'a marker of the future begins a new incarnation of the database',
    dagger: false,
    off: parts({ DatabaseCheck: BlindCheck }),
    focus: 'set-back',
  },
  {
    name: 'server-looked-at',
    says: 'nothing is written on a server that has started since it was looked at',
    dagger: false,
    off: parts({ DatabaseCheck: LateCheck }),
    focus: 'set-back',
  },
  {
    name: 'version-base',
    says: 'versions of a new incarnation begin above all that came before',
    dagger: false,
    off: server({ versionBase: false }),
    focus: 'set-back',
  },
  {
    name: 'read-committed',
    says: 'every transaction is READ COMMITTED, whatever the database prefers',
    dagger: false,
    off: store({ readCommitted: false }),
    focus: 'slow-gate',
  },
  {
    name: 'near-heads',
    says: 'the near cache answers only what Redis confirms',
    dagger: false,
    off: parts({ Reader: TrustingReader }),
  },
  {
    name: 'handover-carried-out',
    says: 'a fence handed over to another instance stands before it is answered',
    dagger: false,
    off: { ...SOUND, handover: { carriedOut: false } },
    focus: 'cut-off',
  },
  {
    name: 'block-of-one-view',
    says: 'order numbers are counted only in a block of the same V',
    dagger: false,
    off: sequence({ blockOfOneView: false }),
    focus: 'restarts',
  },
  {
    name: 'block-opened-once',
    says: 'a block of order numbers is opened in the place of exactly what its caller met',
    dagger: false,
    off: sequence({ openedOnce: false }),
    focus: 'repeats',
  },
  {
    name: 'mirror-unread',
    says: 'the counter that the contract names is written and never read',
    dagger: false,
    off: sequence({ mirrorUnread: false }),
    focus: 'counter-by-hand',
  },
  {
    name: 'witnessed-block',
    says: 'a block of order numbers counts only while its witness agrees',
    dagger: false,
    off: sequence({ witnessed: false }),
    focus: 'counter-by-hand',
  },
  {
    name: 'ticket-witnessed',
    says: 'a block of order numbers is opened only while the witness is that of the time of its ticket',
    dagger: false,
    off: sequence({ ticketWitnessed: false }),
    focus: 'late-opens',
  },
  {
    name: 'sequence-floor',
    says: 'order numbers of a new incarnation begin above all that may have been drawn before',
    dagger: false,
    off: server({ sequenceFloor: false }),
    focus: 'set-back',
  },
  {
    name: 'draws-known-server',
    says: 'order numbers of a database server that has started since the last lease renewal are burned',
    dagger: false,
    off: sequence({ knownServer: false }),
    focus: 'set-back',
  },
  {
    name: 'database-only-off',
    says: 'order numbers come straight from the database only while the view is OFF',
    dagger: false,
    off: sequence({ databaseOnlyOff: false }),
  },
  {
    name: 'cold-after-move',
    says: 'a gate of a partition of a cluster starts cold',
    dagger: false,
    off: { ...SOUND, alwaysCold: false },
    focus: 'moves',
  },
  {
    name: 'one-layout',
    says: 'instances with one Redis and instances with a cluster never both answer from it',
    dagger: false,
    off: store({ oneLayout: false }),
    focus: 'two-layouts',
  },
  {
    name: 'watched-slots',
    says: 'a view of a partition ends when its slot was on its way, or when no instance has looked at it for a while',
    dagger: false,
    off: cache({ movesHeard: false, standingClaims: false }),
    focus: 'unwatched-moves',
  },
]
