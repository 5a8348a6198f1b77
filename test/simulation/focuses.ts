import { type Scenario, SORE } from './scenario.ts'

/** No faults of the network and at the steps but those that a focus names. */
export const ONLY_THESE = { lose: 0, hold: 0, repeat: 0, killAtStep: 0, pauseAtStep: 0, terminateAtStep: 0 }

const TWO_DATABASES = {
  ...ONLY_THESE,
  gateways: 1,
  databases: 2,
  documents: 1,
  clients: 4,
  thinkMs: 150,
  holdMs: 1_500,
  sore: { lose: [], hold: ['redis.put', 'redis.fill'], stop: [], often: SORE },
  soreStep: 'gate.epoch',
  pauseAtStep: 0.02,
  faultEveryMs: 500,
} satisfies Partial<Scenario>

/** Mixtures that are hard on one part of the protocol. */
export const FOCUSES = {
  /** Writers die between fence and COMMIT, repairs come late, and nothing covers their traces. */
  repair: {
    documents: 1,
    thinkMs: 10,
    holdMs: 100,
    sore: { lose: ['redis.put', 'redis.fill'], hold: ['redis.unfence'], stop: [], often: SORE },
    soreStep: 'write.fenced',
    killAtStep: 0,
    pauseAtStep: 0.001,
    terminateAtStep: 0.02,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Both tries of a fence arrive, far apart. */
  'late-fence': {
    documents: 1,
    thinkMs: 10,
    holdMs: 500,
    sore: {
      lose: ['redis.put', 'redis.fill'],
      hold: ['redis.fence', 'redis.unfence'],
      stop: [],
      often: SORE,
    },
    soreStep: 'write.fenced',
    killAtStep: 0,
    pauseAtStep: 0.001,
    terminateAtStep: 0.02,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Writers take their time before COMMIT, and the cache does not follow. */
  'slow-writer': {
    documents: 1,
    thinkMs: 10,
    holdMs: 100,
    sore: { lose: ['redis.put', 'redis.fill'], hold: ['postgres.apply-and-commit'], stop: [], often: SORE },
    faultEveryMs: 1_000,
  },
  /** COMMIT takes longer than anybody would wait, and half of what should follow it is lost. */
  'slow-commit': {
    ...ONLY_THESE,
    documents: 2,
    clients: 3,
    thinkMs: 150,
    holdMs: 800,
    sore: { lose: ['redis.put', 'redis.fill'], hold: ['postgres.apply-and-commit'], stop: [], often: 0.5 },
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** The answer of the database to a renewal comes late, while somebody else turns the view OFF. */
  renewal: {
    documents: 1,
    thinkMs: 10,
    holdMs: 1_200,
    sore: { lose: [], hold: ['postgres.read-view.reply'], stop: [], often: SORE },
    faultEveryMs: 250,
    faults: ['redis-cut'],
  },
  /** A repair comes after the next writer, and nothing but the fences is in the cache. */
  'late-repair': {
    documents: 1,
    thinkMs: 10,
    lose: 0,
    hold: 0,
    holdMs: 500,
    sore: { lose: ['redis.put', 'redis.fill'], hold: ['redis.unfence'], stop: [], often: 0.8 },
    soreStep: 'write.fenced',
    killAtStep: 0,
    pauseAtStep: 0.001,
    terminateAtStep: 0.02,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** What was read under one V is put under the next one, into a cache that begins empty. */
  'late-put': {
    ...ONLY_THESE,
    documents: 1,
    thinkMs: 150,
    holdMs: 2_500,
    sore: { lose: [], hold: ['redis.put', 'redis.fill'], stop: [], often: 0.9 },
    faultEveryMs: 600,
    faults: ['redis-flushall'],
  },
  /** The same while the gate begins with a cold cache. */
  'late-put-in-sweep': {
    ...ONLY_THESE,
    documents: 3,
    clients: 8,
    thinkMs: 40,
    holdMs: 2_500,
    sore: { lose: [], hold: ['redis.put', 'redis.fill', 'redis.sweep'], stop: [], often: 0.6 },
    faultEveryMs: 1_500,
    faults: ['postgres-promotion'],
  },
  /** Some are still connected to the old primary, others to the promoted replica. */
  'split-brain': {
    ...ONLY_THESE,
    documents: 1,
    thinkMs: 40,
    faultEveryMs: 100,
    faults: ['redis-failover', 'redis-reconnect', 'redis-reconnect', 'redis-reconnect'],
  },
  /** Gates open again and again while writers that found the view OFF have not committed yet. */
  gates: {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 400,
    sore: { lose: [], hold: ['postgres.apply-and-commit'], stop: [], often: 0.5 },
    faultEveryMs: 600,
    faults: ['redis-restart', 'redis-flushall'],
  },
  /** The dataset behind live connections changes. */
  demotions: {
    ...ONLY_THESE,
    documents: 1,
    thinkMs: 10,
    faultEveryMs: 400,
    faults: ['redis-demotion', 'redis-there-and-back', 'redis-there-and-back'],
  },
  /** The same, while what follows a nonce of the marker arrives late. */
  'late-marker': {
    ...ONLY_THESE,
    documents: 2,
    thinkMs: 40,
    holdMs: 140,
    sore: {
      lose: ['redis.put', 'redis.fill'],
      hold: ['redis.advanceMarker', 'redis.proposeMarker'],
      stop: [],
      often: 0.7,
    },
    faultEveryMs: 300,
    faults: ['redis-there-and-back'],
  },
  /** Redis comes back without its last writes, again and again. */
  restarts: {
    ...ONLY_THESE,
    documents: 1,
    thinkMs: 40,
    faultEveryMs: 600,
    faults: ['redis-restart'],
  },
  /** Answers of Redis take almost as long as anybody waits, while many read the same. */
  'slow-reads': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 70,
    sore: { lose: [], hold: ['redis.read.reply', 'redis.readHeads.reply'], stop: [], often: 0.5 },
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Gateways with leases of different lengths, while one turns the view OFF and others cannot hear of it. */
  'mixed-leases': {
    ...ONLY_THESE,
    leaseFactors: [1, 4],
    documents: 1,
    clients: 8,
    thinkMs: 10,
    sore: { lose: ['postgres.read-view.reply'], hold: [], stop: [], often: 0.7 },
    faultEveryMs: 300,
    faults: ['redis-cut'],
  },
  /** Writers wait for gates, which take their time under the VIEW lock. */
  'slow-gate': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 20,
    sore: { lose: [], hold: ['postgres.set-on', 'postgres.apply-and-commit'], stop: [], often: 0.9 },
    holdMs: 400,
    faultEveryMs: 500,
    faults: ['redis-restart', 'redis-cut'],
  },
  /** The database is set back to an earlier state of itself, and tells nothing of it. */
  'set-back': {
    ...ONLY_THESE,
    documents: 2,
    clients: 6,
    thinkMs: 40,
    faultEveryMs: 400,
    faults: ['postgres-backup', 'postgres-set-back', 'redis-reconnect'],
  },
  /** The same again and again, between edits by hand, while instances are cut off from Redis. */
  'set-backs': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    faultEveryMs: 60,
    faults: ['postgres-backup', 'postgres-long-set-back', 'edit-by-hand', 'redis-cut'],
  },
  /** Several documents are read while others change them, and the cache never has them. */
  bundle: {
    ...ONLY_THESE,
    documents: 2,
    clients: 8,
    thinkMs: 10,
    sore: { lose: ['redis.put', 'redis.fill'], hold: [], stop: [], often: 0.9 },
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** One gateway cannot reach Redis for a long time, and is written through meanwhile. */
  'cut-off': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 40,
    sore: { lose: [], hold: ['redis.put', 'redis.fill'], stop: [], often: 0.2 },
    holdMs: 500,
    faultEveryMs: 1_500,
    faults: ['redis-cut-off', 'redis-cut-off', 'gateway-stop'],
  },
  /** Somebody deletes stamps, and makes others, while several documents are read and changed. */
  'lost-stamps': {
    ...ONLY_THESE,
    documents: 2,
    clients: 8,
    thinkMs: 40,
    faultEveryMs: 60,
    faults: ['stamp-by-hand'],
  },
  /** Keys of documents, and stamps, are evicted or deleted, while fills and puts come late. */
  evictions: {
    ...ONLY_THESE,
    documents: 2,
    clients: 8,
    thinkMs: 40,
    holdMs: 1_000,
    sore: { lose: [], hold: ['redis.put', 'redis.fill', 'postgres.read-rows.reply'], stop: [], often: SORE },
    faultEveryMs: 40,
    faults: ['key-by-hand'],
  },
  /** The same while the first try of a fence comes late. */
  'evictions-and-late-fences': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 1_000,
    sore: { lose: [], hold: ['redis.put', 'redis.fence'], stop: [], often: SORE },
    faultEveryMs: 40,
    faults: ['key-by-hand'],
  },
  /** Documents are deleted while puts of the writes before come late, and fences once more. */
  deletions: {
    ...ONLY_THESE,
    deletions: 0.4,
    repeat: 0.5,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 500,
    sore: { lose: [], hold: ['redis.put'], stop: [], often: 0.5 },
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** Gateways of two databases on one Redis, and gates that stand still. */
  'two-databases': { ...TWO_DATABASES, faults: ['gateway-stop', 'gateway-suspend'] },
  /**
   * The same with a Redis that is flushed, and the claim with it: outside the promise, as docs/redis.md says. For the rules
   * alone.
   */
  'two-databases-flushed': {
    ...TWO_DATABASES,
    faults: ['redis-flushall', 'gateway-stop', 'gateway-suspend'],
  },
  /** A proxy sends commands to Redis once more, some of them much later. */
  repeats: {
    ...ONLY_THESE,
    repeat: 0.5,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 500,
    faultEveryMs: 1_000,
    faults: ['redis-reconnect'],
  },
  /** An operator sets, removes and puts back the counters of order numbers. */
  'counter-by-hand': {
    ...ONLY_THESE,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    faultEveryMs: 60,
    faults: ['counter-by-hand'],
  },
  /** The same while blocks are opened late, and more than once. */
  'late-opens': {
    ...ONLY_THESE,
    repeat: 0.5,
    documents: 1,
    clients: 8,
    thinkMs: 10,
    holdMs: 300,
    sore: { lose: [], hold: ['redis.open'], stop: [], often: 0.5 },
    faultEveryMs: 30,
    faults: ['counter-by-hand'],
  },
} satisfies Record<string, Partial<Scenario>>

export type Focus = keyof typeof FOCUSES
