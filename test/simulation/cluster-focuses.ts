import { ONLY_THESE } from './focuses.ts'
import type { Scenario } from './scenario.ts'

/** Mixtures that are hard on gateways with a cluster. */
export const CLUSTER_FOCUSES = {
  /** Slots move all the time; moves are broken off, and copies stay behind. */
  moves: {
    ...ONLY_THESE,
    cluster: 'all',
    documents: 1,
    clients: 8,
    thinkMs: 20,
    faultEveryMs: 150,
    faults: ['cluster-move', 'cluster-move', 'cluster-seize'],
  },
  /** The same while no gateway looks, or none hears it. */
  'unwatched-moves': {
    ...ONLY_THESE,
    cluster: 'all',
    gateways: 1,
    documents: 4,
    clients: 2,
    thinkMs: 250,
    faultEveryMs: 500,
    faults: ['cluster-move', 'cluster-move', 'gateway-stop', 'gateway-stop', 'redis-cut-off'],
  },
  /** The same while their nodes are lost. */
  'moves-and-losses': {
    ...ONLY_THESE,
    cluster: 'all',
    documents: 1,
    clients: 8,
    thinkMs: 20,
    faultEveryMs: 200,
    faults: ['cluster-move', 'cluster-move', 'cluster-restart', 'cluster-forget', 'redis-reconnect'],
  },
  /** Replicas take over, and former primaries go on for some of their clients. */
  takeovers: {
    ...ONLY_THESE,
    cluster: 'all',
    documents: 1,
    clients: 8,
    thinkMs: 20,
    faultEveryMs: 200,
    faults: ['cluster-takeover', 'cluster-takeover', 'cluster-failover', 'redis-reconnect'],
  },
  /** The dataset behind live connections changes. */
  'cluster-demotions': {
    ...ONLY_THESE,
    cluster: 'all',
    documents: 1,
    thinkMs: 10,
    faultEveryMs: 300,
    faults: ['cluster-there-and-back', 'cluster-there-and-back', 'cluster-failover'],
  },
  /** Writers take their time before COMMIT, while views are turned OFF and gates open. */
  'cluster-gates': {
    ...ONLY_THESE,
    cluster: 'all',
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 400,
    sore: { lose: [], hold: ['postgres.apply-and-commit'], stop: [], often: 0.5 },
    faultEveryMs: 300,
    faults: ['cluster-restart', 'cluster-flushall'],
  },
  /** Gateways with one Redis beside others with a cluster. */
  'two-layouts': {
    ...ONLY_THESE,
    cluster: 'some',
    documents: 1,
    clients: 8,
    thinkMs: 40,
    faultEveryMs: 1_000,
    faults: ['cluster-flushall', 'redis-reconnect'],
  },
} satisfies Record<string, Partial<Scenario>>

export type ClusterFocus = keyof typeof CLUSTER_FOCUSES
