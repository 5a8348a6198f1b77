import type { ProtocolTimes } from '../../src/consistency/ports.ts'
import { PROTOCOL_PARTS, type ProtocolParts } from '../../src/consistency/protocol.ts'
import type { CacheRules } from './memory-cache.ts'
import type { HandoverRules } from './memory-handover.ts'
import type { StoreRules } from './memory-store.ts'
import type { ServerRules } from './postgres-server.ts'
import type { ConnectionRules } from './redis-connections.ts'
import type { ScriptRules } from './redis-scripts.ts'
import type { SequenceRules } from './sequence-scripts.ts'

/** What a run is made of: the protocol's own classes and times, and the rules its world keeps. */
export interface Build {
  readonly scripts: ScriptRules
  readonly cache: CacheRules
  readonly connections: ConnectionRules
  readonly store: StoreRules
  readonly server: ServerRules
  readonly sequence: SequenceRules
  readonly handover: HandoverRules
  /** Gates of a cluster's partitions start cold. */
  readonly alwaysCold: boolean
  readonly times: ProtocolTimes
  readonly parts: ProtocolParts
}

/** All rules on. Times are shorter than in production and in the same proportions, so that more happens in a run. */
export const SOUND: Build = {
  scripts: {
    viewText: true,
    viewNamesDatabase: true,
    claims: true,
    gateMindsClaim: true,
    proposedMarker: true,
    ownNonce: true,
    exactNonce: true,
    stampedFences: true,
    freshStamps: true,
    stampedFills: true,
    putOverOwnFence: true,
    tombstones: true,
  },
  cache: {
    ownCommand: true,
    connectionNamed: true,
    fenceTtlMs: 0,
    dataset: true,
    adoptBeforeSweep: true,
    standingClaims: true,
    movesHeard: true,
  },
  connections: { datasetWithReply: true },
  store: {
    exclusiveViewLock: true,
    repairLock: true,
    repairReread: true,
    oneStatement: true,
    heldVersions: true,
    followedFromOldest: true,
    followedServer: true,
    readCommitted: true,
    oneLayout: true,
  },
  server: { versionBase: true, sequenceFloor: true },
  sequence: {
    blockOfOneView: true,
    openedOnce: true,
    mirrorUnread: true,
    witnessed: true,
    ticketWitnessed: true,
    knownServer: true,
    databaseOnlyOff: true,
  },
  handover: { carriedOut: true },
  alwaysCold: true,
  // Clocks run up to 1 % wrong, and 100 ms of a suspended machine go unnoticed (CLOCK_JUMP_MS).
  times: { leaseMs: 400, renewMs: 100, offWaitMs: 520, fenceTimeoutMs: 150 },
  parts: PROTOCOL_PARTS,
}
