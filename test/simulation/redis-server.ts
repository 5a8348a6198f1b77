import type { DatasetIdentity } from '../../src/consistency/views.ts'
import type { Random } from './random.ts'

/** One key set or deleted; a script's changes are one entry of the log. */
type Effect = readonly [key: string, value: string | undefined]

/** Entries of logs that an operator made. */
const BY_HAND = new WeakSet<readonly Effect[]>()
/** Microseconds since 1970. */
const STARTED_AT = 1_767_700_000_000_000

/** One Redis process: its data, its write log, and what is wrong with it. */
export class RedisServer {
  #identity: DatasetIdentity
  /** False once the process has ended: nothing it is asked is answered any more. */
  running = true
  /** Demoted or never promoted: refuses writes. */
  role: 'master' | 'replica' = 'master'
  /** `maxmemory` is used up: only scripts that allow it may write. */
  full = false
  frozenUntil = 0
  readonly #data = new Map<string, string>()
  #log: (readonly Effect[])[] = []
  #batch: Effect[] = []
  #writes = 0

  constructor(
    random: Random,
    log: readonly (readonly Effect[])[] = [],
    identity = { runId: random.hex(40), replicationId: random.hex(40) },
  ) {
    this.#identity = identity
    this.#reload(log)
  }

  get identity(): DatasetIdentity {
    return this.#identity
  }

  /** A first replica was attached, or the last one was away for long: the same data under another replication id. */
  renew(random: Random): void {
    this.#identity = { ...this.#identity, replicationId: random.hex(40) }
  }

  /** The keys of a slot of a cluster: those of other slots of the process have the same identity. */
  take(identity: DatasetIdentity): void {
    this.#identity = identity
  }

  /** The process takes over what another server holds, as a replica does; its connections live on. */
  replicate(primary: RedisServer): void {
    this.#identity = { ...this.#identity, replicationId: primary.identity.replicationId }
    this.#reload(primary.prefix(primary.logLength))
  }

  /** Demoted to a replica that lagged, and promoted again, while its connections live on. */
  rewind(lost: number, random: Random): void {
    this.renew(random)
    this.#reload(this.prefix(Math.max(0, this.logLength - lost)))
  }

  #reload(log: readonly (readonly Effect[])[]): void {
    this.#data.clear()
    this.#log = []
    for (const effects of log) {
      for (const effect of effects) this.#apply(effect)
      this.#log.push(effects)
    }
  }

  /** Its clock, as TIME tells it in microseconds: slower than any real one, for each write takes at least one. */
  get microseconds(): number {
    return STARTED_AT + this.#writes
  }

  get logLength(): number {
    return this.#log.length
  }

  /** The first `length` entries of the log: what an AOF without its tail, or a lagging replica, holds. */
  prefix(length: number): readonly (readonly Effect[])[] {
    return this.#log.slice(0, length)
  }

  get(key: string): string | undefined {
    return this.#data.get(key)
  }

  set(key: string, value: string): void {
    this.#write([key, value])
  }

  delete(key: string): void {
    if (this.#data.has(key)) this.#write([key, undefined])
  }

  flush(): void {
    for (const key of [...this.#data.keys()]) this.#write([key, undefined])
  }

  /** Runs a script, or an operator's command: what it changes becomes one entry of the log. */
  atomically<T>(script: () => T, { byHand = false } = {}): T {
    this.#batch = []
    const result = script()
    if (this.#batch.length > 0) this.#log.push(this.#batch)
    if (byHand) BY_HAND.add(this.#batch)
    this.#batch = []
    return result
  }

  /** Every value that the key has held, oldest first. */
  formerValues(key: string): string[] {
    const effects = this.#log.flat().filter(([changed, value]) => changed === key && value !== undefined)
    return effects.map(([, value]) => value!)
  }

  /** What a script wrote there last, whatever an operator did since. */
  lastScripted(key: string): string | undefined {
    const effects = this.#log.filter(batch => !BY_HAND.has(batch)).flat()
    return effects.findLast(([changed]) => changed === key)?.[1]
  }

  /** Every key with its bytes, in the order of the keys. */
  dump(): [string, string][] {
    return [...this.#data].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  #write(effect: Effect): void {
    this.#writes++
    this.#apply(effect)
    this.#batch.push(effect)
  }

  #apply([key, value]: Effect): void {
    if (value === undefined) this.#data.delete(key)
    else this.#data.set(key, value)
  }
}
