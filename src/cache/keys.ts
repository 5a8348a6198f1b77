import { DOCUMENTS } from '../documents/catalogue.ts'
import { EXCHANGE_KINDS } from '../exchange/exchange.ts'

const ID = '[A-Za-z0-9@][A-Za-z0-9_.@-]{0,63}'
const SUFFIXES = DOCUMENTS.flatMap(({ keySuffixes }) => keySuffixes.map(({ suffix }) => suffix))
const DAY = '\\d{8}'
/** Matches every name of the gateway behind the prefix, and no other: a key such as `user:42:name` belongs to another program. */
const OWN = [
  `user:${ID}:(?:${[...SUFFIXES, `sequence:${DAY}`].join('|')})`,
  `binance:${ID}:(?:${EXCHANGE_KINDS.join('|')})`,
  'admin:defaults:(?:all|hash)',
  `gateway:(?:view|owner|marker|proposal|gate|probe|sequences|(?:stamp|deleted):${ID}|sequence:${ID}:${DAY}(?::last)?)`,
].join('|')
/** The admin defaults belong to no user. */
const NO_USER = '@admin'

/** The names of all keys that the gateway uses; REDIS_KEY_PREFIX stands before each. */
export class KeyNames {
  readonly prefix: string
  /** V, as text: which dataset Redis is trusted to be. */
  readonly view: string
  /** `<database> <name>`: whose gateways use the keys, with a TTL. */
  readonly owner: string
  /** `<transaction id> <database>`: every committed change with an older id is fenced or stored. */
  readonly marker: string
  /** A nonce that the instance that advances the marker left before: see advance-marker.lua. */
  readonly proposal: string
  /** An instance that has taken long to open the gate writes V' here, with a TTL: the others wait. */
  readonly gate: string
  /** No key has this name. */
  readonly absent: string
  /** Commands are tried with it, to see whether an ACL refuses them. */
  readonly probe: string
  /** Sorted set: day (YYYYMMDD) -> the highest number of any user that was reserved or drawn. */
  readonly sequenceNotes: string
  readonly defaults: string
  /** MD5 (hex) of the defaults' `data`. */
  readonly defaultsHash: string
  readonly #stamps: string
  readonly #tombstones: string
  readonly #sequences: string
  readonly #users: string
  readonly #exchange: string
  readonly #own: RegExp
  /** Keys that a sweep keeps: the view that it works under, the sign that it is at work, the claim, and the known order numbers. */
  readonly #kept: ReadonlySet<string>

  /** `prefix` as the configuration allows it: nothing in it has a meaning in a pattern of SCAN. */
  constructor(prefix: string) {
    this.prefix = prefix
    this.view = `${prefix}gateway:view`
    this.owner = `${prefix}gateway:owner`
    this.marker = `${prefix}gateway:marker`
    this.proposal = `${prefix}gateway:proposal`
    this.gate = `${prefix}gateway:gate`
    this.absent = `${prefix}gateway:absent`
    this.probe = `${prefix}gateway:probe`
    this.sequenceNotes = `${prefix}gateway:sequences`
    this.defaults = `${prefix}admin:defaults:all`
    this.defaultsHash = `${prefix}admin:defaults:hash`
    this.#stamps = `${prefix}gateway:stamp:`
    this.#tombstones = `${prefix}gateway:deleted:`
    this.#sequences = `${prefix}gateway:sequence:`
    this.#users = `${prefix}user:`
    this.#exchange = `${prefix}binance:`
    this.#own = new RegExp(`^(?:${OWN})$`)
    this.#kept = new Set([this.view, this.owner, this.gate, this.sequenceNotes])
  }

  /** The key of one user's document or section; `suffix` is from the table of documents. */
  user(userId: string, suffix: string): string {
    return `${this.#users}${userId}:${suffix}`
  }

  /** A number that grows with each fence and put of a document of the user; lib.lua writes it. */
  stamp(userId: string): string {
    return this.#stamps + userId
  }

  /** The stamp of the user whose document `key` is; documents of no user share one. */
  stampOf(key: string): string {
    return this.stamp(this.#userOf(key))
  }

  /** Names the documents of a user that were deleted lately, with a TTL; lib.lua writes it. */
  tombstone(userId: string): string {
    return this.#tombstones + userId
  }

  /** The tombstone of the user whose document `key` is. */
  tombstoneOf(key: string): string {
    return this.tombstone(this.#userOf(key))
  }

  #userOf(key: string): string {
    if (!key.startsWith(this.#users)) return NO_USER
    return key.slice(this.#users.length, key.indexOf(':', this.#users.length))
  }

  /** The counter of one user's day (YYYYMMDD), its witness, and the mirror that the contract names. */
  sequence(userId: string, day: string): readonly [string, string, string] {
    const block = `${this.#sequences}${userId}:${day}`
    return [block, `${block}:last`, this.user(userId, `sequence:${day}`)]
  }

  exchange(userId: string, kind: string): string {
    return `${this.#exchange}${userId}:${kind}`
  }

  /** True when the gateway itself gave a key this name. */
  isOwn(key: string): boolean {
    return key.startsWith(this.prefix) && this.#own.test(key.slice(this.prefix.length))
  }

  /** True when a cold start removes the key. */
  isSwept(key: string): boolean {
    return this.isOwn(key) && !this.#kept.has(key)
  }
}
