import { DOCUMENTS } from '../documents/catalogue.ts'
import { EXCHANGE_KINDS } from '../exchange/exchange.ts'

/** V, as text: which dataset Redis is trusted to be. */
export const VIEW_KEY = 'gateway:view'
/** `<transaction id> <database>`: every committed change with an older id is fenced or stored. */
export const MARKER_KEY = 'gateway:marker'
/** A nonce that whoever advances the marker left before: see advance-marker.lua. */
export const PROPOSAL_KEY = 'gateway:proposal'
/** Hash: key of a deleted document -> version below which nothing fills it again. */
export const ERASED_KEY = 'gateway:erased'

/** A number that grows with whatever the scripts do to a document of the user; lib.lua writes it. */
export function stampKey(userId: string): string {
  return `gateway:stamp:${userId}`
}

/** Sorted set: day (YYYYMMDD) -> the highest number of any user that was reserved or drawn. */
export const SEQUENCE_NOTES_KEY = 'gateway:sequences'

/** The counter of one user's day (YYYYMMDD), its witness, and the mirror that the contract names. */
export function sequenceKeys(userId: string, day: string): readonly [string, string, string] {
  const block = `gateway:sequence:${userId}:${day}`
  return [block, `${block}:last`, userKey(userId, `sequence:${day}`)]
}

/** The key of one user's document or section; `suffix` is from the table of documents. */
export function userKey(userId: string, suffix: string): string {
  return `user:${userId}:${suffix}`
}

export const DEFAULTS_KEY = 'admin:defaults:all'
/** MD5 (hex) of the defaults' `data`. */
export const DEFAULTS_HASH_KEY = 'admin:defaults:hash'

export function exchangeKey(userId: string, kind: string): string {
  return `binance:${userId}:${kind}`
}

/** An instance that has taken long to open the gate writes V' here, with a TTL: the others wait. */
export const GATE_KEY = 'gateway:gate'

/** Commands are tried with it, to see whether an ACL refuses them. */
export const PROBE_KEY = 'gateway:probe'

const ID = '[A-Za-z0-9@][A-Za-z0-9_.@-]{0,63}'
const SUFFIXES = DOCUMENTS.flatMap(({ keySuffixes }) => keySuffixes.map(({ suffix }) => suffix))
const DAY = '\\d{8}'
/** Every name that the gateway gives to a key, and no other: a key such as `user:42:name` belongs to another program. */
const OWN = new RegExp(
  `^(?:user:${ID}:(?:${[...SUFFIXES, `sequence:${DAY}`].join('|')})|binance:${ID}:(?:${EXCHANGE_KINDS.join('|')})|admin:defaults:(?:all|hash)|gateway:(?:view|marker|proposal|erased|gate|probe|stamp:${ID}|sequence:${ID}:${DAY}(?::last)?))$`,
)
/** What a sweep leaves: the view that it works under, and the sign that it is at work. */
const KEPT: ReadonlySet<string> = new Set([VIEW_KEY, GATE_KEY])

/** True when the gateway itself gave a key this name. */
export function isOwnKey(key: string): boolean {
  return OWN.test(key)
}

/** True when a cold start removes the key. */
export function isSwept(key: string): boolean {
  return OWN.test(key) && !KEPT.has(key)
}
