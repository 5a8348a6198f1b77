/**
 * What a chaos run records. Times are milliseconds of the monotonic clock of the process that runs the clients; one
 * clock for all of them, so that "ended before it began" means what it says.
 */

/** One document, or one section of it, in an answer or in the database. */
export interface SeenDocument {
  readonly kind: string
  /** '' = the whole document. */
  readonly section: string
  readonly version: number
  /** Digest of the whole envelope: the same version has the same content, byte for byte. */
  readonly value: string
  /** The marks that writes have left in it, one for each section that holds one; '' = that of the defaults. */
  readonly marks: readonly string[]
}

/**
 * ok: answered with success. refused: answered, and nothing was stored. unknown: no answer, or one that says that the
 * outcome is not known.
 */
export type Outcome = 'ok' | 'refused' | 'unknown'

export interface DrawnRange {
  readonly day: string
  readonly first: number
  readonly last: number
  readonly source: string
}

/** One request of a client. */
export interface Operation {
  readonly client: string
  /** Index of the gateway that was asked. -1 = a change by hand in SQL. */
  readonly gateway: number
  readonly user: string
  readonly type: 'read' | 'write' | 'write-nothing' | 'load-defaults' | 'draw' | 'delete'
  readonly start: number
  /**
   * When the answer was there. For a change by hand: when the contract wants it to be seen, one lease after its
   * COMMIT.
   */
  readonly end: number
  readonly outcome: Outcome
  /** HTTP status; 0 = no answer. */
  readonly status: number
  /** Code of the problem or of the broken connection; '' = none. */
  readonly code: string
  /** Cache-Status without the name of the gateway: `hit`, `fwd=miss; stored`, ...; '' = none. */
  readonly cache: string
  /** What a read answered, or what a write answered that it stored. */
  readonly documents: readonly SeenDocument[]
  /** The unique mark a write leaves; '' for anything else. */
  readonly mark: string
  readonly numbers?: DrawnRange
  /** load-defaults: how many fields it says it changed. */
  readonly changed?: number
}

/** One row of the history table. */
export interface StoredVersion {
  readonly user: string
  readonly kind: string
  readonly version: number
  readonly marks: readonly string[]
  readonly updatedBy: string
  readonly reason: string
  /** When it was stored, on the clock of the operations. */
  readonly at: number
}

/** 'machine': it had no time for the process, for hundreds of milliseconds; nobody's fault. */
export type Component = 'gateway' | 'redis' | 'postgres' | 'machine'

/** While this lasts, what one gateway (or, 'gateway', the process itself) was hurt by. */
export interface FaultWindow {
  readonly fault: string
  readonly component: Component
  readonly gateway: number
  readonly start: number
  end: number
}

/** A time in which a view was ON without a break. */
export interface OnPeriod {
  /** 0 = the view of one Redis, of all users; others are those of a cluster's partitions. */
  readonly view: number
  readonly start: number
  readonly end: number
}

/** One key of Redis against the bytes that the row stands for, when all is quiet. */
export interface CachedKey {
  readonly key: string
  readonly cached: string | null
  readonly expected: string
}

export interface History {
  readonly operations: readonly Operation[]
  readonly windows: readonly FaultWindow[]
  readonly stored: readonly StoredVersion[]
  readonly onPeriods: readonly OnPeriod[]
  readonly cachedKeys: readonly CachedKey[]
}

/** `rule` is one of the names of the checker's rules. */
export interface Violation {
  readonly rule: string
  readonly message: string
}

/** Fault windows of `component` that overlap the operation. */
export function overlaps(
  windows: readonly FaultWindow[],
  operation: Operation,
  ...components: Component[]
): boolean {
  return windows.some(
    window =>
      components.includes(window.component) &&
      window.gateway === operation.gateway &&
      window.start <= operation.end &&
      operation.start <= window.end,
  )
}

/** `read u1/mode.scalp@7 through gateway 2 [1200.0, 1203.1]` */
export function describe({ type, user, documents, gateway, start, end, cache }: Operation): string {
  const seen = documents
    .slice(0, 3)
    .map(({ kind, section, version }) => `${kind}${section && `#${section}`}@${version}`)
  const how = cache === '' ? '' : `, ${cache}`
  return `${type} of ${user} ${seen.join(' ')} through gateway ${gateway} [${start.toFixed(1)}, ${end.toFixed(1)}]${how}`
}
