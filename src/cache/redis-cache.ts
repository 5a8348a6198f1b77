import type {
  CacheEntry,
  CacheFence,
  CacheFill,
  CacheIdentity,
  CachePort,
  CacheReply,
  Claimant,
  ClaimKind,
  Marker,
  OnHeads,
  RedisOwner,
  ScriptOutcome,
  SweepStep,
} from '../consistency/cache-port.ts'
import { CacheUnavailableError } from '../consistency/cache-port.ts'
import { viewText } from '../consistency/token.ts'
import type { DatasetIdentity, ViewToken } from '../consistency/views.ts'
import type { Breaker } from './breaker.ts'
import type { Examination } from './examination.ts'
import { KeySweeper } from './key-sweeper.ts'
import type { KeyNames } from './keys.ts'
import { markerIn } from './marker.ts'
import type { OnOutcome, ReadPool } from './read-pool.ts'
import { guard, reportFailure } from './redis-failures.ts'
import type { ScriptRunner } from './script-runner.ts'

/** The scripts of the cache protocol, by the names of their files. */
export const PROTOCOL_SCRIPTS = [
  'fence',
  'put',
  'make-stamps',
  'fill',
  'unfence',
  'erase',
  'adopt',
  'cold',
  'sweep',
  'hold',
  'claim',
  'propose-marker',
  'advance-marker',
] as const

/** Commands that come later than this are not expected: until then the tombstone of a deleted user stands. */
const ERASED_TTL_MS = 600_000
/** A stamp that a reader made, and that nothing was stored with: a read takes seconds. */
const READER_STAMP_TTL_MS = 60_000
const KEYS_PER_SWEEP = 500

export interface RedisCacheDeps {
  readonly reads: ReadPool
  readonly scripts: ScriptRunner
  readonly breaker: Breaker
  readonly examination: Examination
  readonly names: KeyNames
  /** After this time without a claim of its gateways a database does not use the Redis any more. */
  readonly claimMs: number
  /** All names are in this slot of a Redis Cluster. */
  readonly slot?: number
}

/** The CachePort over Redis. Every outcome is reported to the breaker, here and nowhere else. */
export class RedisCache implements CachePort {
  readonly #reads: ReadPool
  readonly #scripts: ScriptRunner
  readonly #breaker: Breaker
  readonly #examination: Examination
  readonly #names: KeyNames
  readonly #claimMs: number
  readonly #sweeper: KeySweeper

  constructor({ reads, scripts, breaker, examination, names, claimMs, slot }: RedisCacheDeps) {
    this.#reads = reads
    this.#scripts = scripts
    this.#breaker = breaker
    this.#examination = examination
    this.#names = names
    this.#claimMs = claimMs
    this.#sweeper = new KeySweeper(scripts, names, slot)
  }

  get usable(): boolean {
    return this.#breaker.closed
  }

  read(keys: readonly string[]): Promise<CacheReply> {
    return new Promise((resolve, reject) => {
      this.#reads.read(
        keys,
        this.#reporting((error, reply) => (reply === undefined ? reject(error) : resolve(reply))),
      )
    })
  }

  readHeads(keys: readonly string[], stampKey: string | undefined, answered: OnHeads): void {
    this.#reads.readHeads(keys, stampKey, this.#reporting(answered))
  }

  /** The same as `guard`, by callback. */
  #reporting<T>(
    answered: (error: CacheUnavailableError | undefined, reply: T | undefined) => void,
  ): OnOutcome<T> {
    return (error, reply) => {
      if (reply === undefined) answered(reportFailure(this.#breaker, error), undefined)
      else {
        this.#breaker.succeeded()
        answered(undefined, reply)
      }
    }
  }

  identify(): Promise<CacheIdentity> {
    return guard(this.#breaker, this.#identify())
  }

  async #identify(): Promise<CacheIdentity> {
    const [seen] = await Promise.all([this.#reads.identify(), this.#examination.require()])
    return seen
  }

  fence(v: ViewToken, nonce: string, fences: readonly CacheFence[]): Promise<ScriptOutcome> {
    return this.#run(v, 'fence', [this.#names.view, ...this.#buried(fences)], [nonce, ...minsOf(fences)])
  }

  put(v: ViewToken, nonce: string, entries: readonly CacheEntry[]): Promise<ScriptOutcome> {
    const args = entries.flatMap(({ version, keys, values }) => [version, keys.length, ...values])
    return this.#run(v, 'put', [this.#names.view, ...this.#stamped(entries)], [nonce, ...args])
  }

  async makeStamps(v: ViewToken, stampKeys: readonly string[]): Promise<readonly string[] | 'view'> {
    const args = [viewText(v), READER_STAMP_TTL_MS]
    const made = this.#scripts.call(v, 'make-stamps', [this.#names.view, ...stampKeys], args)
    const text = String(await guard(this.#breaker, made))
    return text === 'view' ? 'view' : text.split(' ')
  }

  fill(v: ViewToken, fills: readonly CacheFill[]): Promise<ScriptOutcome> {
    const args = fills.flatMap(({ version, stamp, keys, values }) => [version, stamp, keys.length, ...values])
    return this.#run(v, 'fill', [this.#names.view, ...this.#stamped(fills)], args)
  }

  unfence(v: ViewToken, nonce: string, entry: CacheEntry): Promise<ScriptOutcome> {
    return this.#run(v, 'unfence', [this.#names.view, ...this.#stamped([entry])], [nonce, ...entry.values])
  }

  erase(v: ViewToken, nonce: string, deleted: readonly CacheFence[]): Promise<ScriptOutcome> {
    const keys = [this.#names.view, ...this.#buried(deleted)]
    return this.#run(v, 'erase', keys, [nonce, ERASED_TTL_MS, ...minsOf(deleted)])
  }

  adopt(v: ViewToken): Promise<ScriptOutcome> {
    return this.#run(v, 'adopt', [this.#names.view, this.#names.owner], [])
  }

  cold(v: ViewToken, databaseName: string): Promise<ScriptOutcome> {
    const keys = [this.#names.view, this.#names.owner, this.#names.marker]
    return this.#run(v, 'cold', keys, [databaseName, this.#claimMs])
  }

  async sweep(v: ViewToken, from: string | null): Promise<SweepStep | 'view'> {
    const page = await guard(this.#breaker, this.#sweeper.look(v, from))
    if (page === 'view') return 'view'
    for (let at = 0; at < page.own.length; at += KEYS_PER_SWEEP) {
      const keys = [this.#names.view, ...page.own.slice(at, at + KEYS_PER_SWEEP)]
      if ((await this.#run(v, 'sweep', keys, [])) !== 'done') return 'view'
    }
    return { next: page.next }
  }

  hold(v: ViewToken, ttlMs: number): Promise<ScriptOutcome> {
    return this.#run(v, 'hold', [this.#names.view, this.#names.owner, this.#names.gate], [ttlMs])
  }

  async claim(identity: DatasetIdentity, { database, name }: Claimant, kind: ClaimKind): Promise<RedisOwner> {
    const v = { epoch: 0, database, identity }
    const call = this.#scripts.call(v, 'claim', [this.#names.owner], [database, name, this.#claimMs, kind])
    const reply = String(await guard(this.#breaker, call))
    if (reply === 'done') return 'this-database'
    if (reply === 'nobody') return reply
    if (reply.startsWith('owner ')) return { another: reply.slice('owner '.length) }
    throw new CacheUnavailableError('Redis holds another dataset by now')
  }

  async readMarker(identity?: DatasetIdentity): Promise<Marker | null> {
    const reply =
      identity === undefined
        ? ((await this.read([this.#names.marker])).values[0] ?? null)
        : await guard(this.#breaker, this.#scripts.ask(identity, ['GET', this.#names.marker]))
    if (reply === 'view') throw new CacheUnavailableError('Redis holds another dataset by now')
    return markerIn(reply === null ? null : String(reply))
  }

  proposeMarker(v: ViewToken, nonce: string): Promise<ScriptOutcome> {
    return this.#run(v, 'propose-marker', [this.#names.view, this.#names.proposal], [nonce])
  }

  advanceMarker(v: ViewToken, nonce: string, { xid, database }: Marker): Promise<ScriptOutcome> {
    const keys = [this.#names.view, this.#names.marker, this.#names.proposal]
    return this.#run(v, 'advance-marker', keys, [nonce, xid.toString(), database])
  }

  #run(
    v: ViewToken,
    script: (typeof PROTOCOL_SCRIPTS)[number],
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<ScriptOutcome> {
    return guard(this.#breaker, this.#scripts.run(v, script, keys, [viewText(v), ...args]))
  }

  /** The stamp that each document shares with others of its user, then its keys. */
  #stamped(documents: readonly Pick<CacheEntry, 'keys'>[]): readonly string[] {
    return documents.flatMap(({ keys }) => [this.#names.stampOf(keys[0]!), ...keys])
  }

  /** The same with the tombstone of the user behind the stamp. */
  #buried(documents: readonly CacheFence[]): readonly string[] {
    return documents.flatMap(({ keys }) => [
      this.#names.stampOf(keys[0]!),
      this.#names.tombstoneOf(keys[0]!),
      ...keys,
    ])
  }
}

function minsOf(documents: readonly CacheFence[]): readonly number[] {
  return documents.flatMap(({ keys, min }) => [min, keys.length])
}
