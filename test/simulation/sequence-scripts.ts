import { headOf } from '../../src/consistency/stored-bytes.ts'
import { viewText } from '../../src/consistency/token.ts'
import type { ViewToken } from '../../src/consistency/views.ts'
import type { DrawOutcome, NumberBlock, SequenceDay, Vacancy } from '../../src/sequence/ports.ts'
import { PLAIN_NAMES } from '../helper/plain-names.ts'
import type { RedisServer } from './redis-server.ts'

/** Rules of the order numbers that the test build can switch off. Names are those of rules.ts. */
export interface SequenceRules {
  /** A draw counts only in a block of its own V. */
  readonly blockOfOneView: boolean
  /** A block is opened in the place of exactly what its caller met, and so only once. */
  readonly openedOnce: boolean
  /** The key that the contract names is written and never read. */
  readonly mirrorUnread: boolean
  /** A ticket counts only while the witness is that of its time. */
  readonly ticketWitnessed: boolean
  /** A block counts only while its witness agrees. */
  readonly witnessed: boolean
  /** Numbers of a database server that has started since the last lease renewal are burned. */
  readonly knownServer: boolean
  /** Numbers come straight from the database only while the view is OFF. */
  readonly databaseOnlyOff: boolean
}

interface Block {
  readonly last: number
  readonly limit: number
  readonly view: string
}

/** sequence-draw.lua, sequence-open.lua and sequence-last.lua over the in-memory server. TTLs do not matter here. */
export class SequenceScripts {
  readonly #rules: SequenceRules

  constructor(rules: SequenceRules) {
    this.#rules = rules
  }

  draw(
    server: RedisServer,
    v: ViewToken,
    day: SequenceDay,
    count: number,
    settingsVersion: number,
  ): DrawOutcome {
    if (!fit(server, v)) return 'view'
    if (settingsVersion !== 0) {
      const settings = server.get(`user:${day.userId}:settings:trading`)
      const head = headOf(Buffer.from(settings ?? ''))
      if (head.type !== 'value' || head.version !== settingsVersion) return 'settings'
    }
    const block = this.#blockIn(server, v, day)
    if (block !== undefined && block.last + count <= block.limit)
      return countTo(server, v, day, block.last + count, block.limit)
    const vacancy = this.#vacancyIn(server, day, block)
    if (vacancy !== undefined) return vacancy
    const ticket = `${server.microseconds} ${witnessIn(server, day)} ${knownIn(server, day)}` as const
    server.set(keysOf(day)[0], `ticket ${ticket}`)
    return `block ${ticket}`
  }

  open(
    server: RedisServer,
    v: ViewToken,
    day: SequenceDay,
    count: number,
    met: Vacancy,
    { first, last }: NumberBlock,
  ): DrawOutcome {
    if (!fit(server, v)) return 'view'
    const block = this.#blockIn(server, v, day)
    const fits = this.#rules.openedOnce
      ? this.#vacancyIn(server, day, block) === met
      : block === undefined || block.limit <= last
    return fits ? countTo(server, v, day, first + count - 1, last) : 'stale'
  }

  last(server: RedisServer, v: ViewToken, day: SequenceDay): DrawOutcome {
    if (!fit(server, v)) return 'view'
    return this.#blockIn(server, v, day)?.last ?? 'stale'
  }

  #vacancyIn(server: RedisServer, day: SequenceDay, block: Block | undefined): Vacancy | undefined {
    if (block !== undefined) return `used ${block.limit}`
    const text = server.get(keysOf(day)[0]) ?? ''
    const [, ticket, witness, known] = /^ticket (\d+) (\d+|-) (\d+)$/.exec(text) ?? []
    if (ticket === undefined || witness === undefined) return undefined
    const now = witnessIn(server, day)
    if (this.#rules.ticketWitnessed && witness !== String(now)) return undefined
    return `block ${Number(ticket)} ${witness === '-' ? '-' : Number(witness)} ${Number(known)}`
  }

  #blockIn(server: RedisServer, v: ViewToken, day: SequenceDay): Block | undefined {
    const [block, witness, mirror] = keysOf(day)
    const [, last, limit, owner, view] = /^(\d+) (\d+) (\S+) (.+)$/.exec(server.get(block) ?? '') ?? []
    if (last === undefined || owner !== block) return undefined
    if (this.#rules.blockOfOneView && view !== viewText(v)) return undefined
    if (this.#rules.witnessed && server.get(witness) !== last) return undefined
    const counted = this.#rules.mirrorUnread ? last : server.get(mirror)
    return { last: Number(counted ?? last), limit: Number(limit), view: view! }
  }
}

/**
 * Whether a block or a ticket that a script did not write last is believed all the same: an operator has put back an older
 * one, and its witness too.
 */
export function isPutBack(server: RedisServer, day: SequenceDay): boolean {
  const [block, witness] = keysOf(day)
  const text = server.get(block) ?? ''
  if (text === server.lastScripted(block)) return false
  const [, ticketWitness] = /^ticket \d+ (\d+|-) \d+$/.exec(text) ?? []
  if (ticketWitness !== undefined) return ticketWitness === String(witnessIn(server, day))
  const [, last, owner, view] = /^(\d+) \d+ (\S+) (.+)$/.exec(text) ?? []
  return owner === block && view === server.get(PLAIN_NAMES.view) && server.get(witness) === last
}

function fit(server: RedisServer, v: ViewToken): boolean {
  return server.get(PLAIN_NAMES.view) === viewText(v)
}

/** The block, its witness, and the mirror. */
export function keysOf({ userId, day }: SequenceDay): readonly [string, string, string] {
  return PLAIN_NAMES.sequence(userId, day)
}

/** The witness as a ticket names it. */
function witnessIn(server: RedisServer, day: SequenceDay): number | '-' {
  const text = server.get(keysOf(day)[1]) ?? ''
  return /^\d{1,16}$/.test(text) ? Number(text) : '-'
}

/** The last number of a block of another V, or what a ticket knows of one; 0 = none. */
function knownIn(server: RedisServer, day: SequenceDay): number {
  const [block, witness] = keysOf(day)
  const text = server.get(block) ?? ''
  const [, last, limit, owner] = /^(\d+) (\d+) (\S+) /.exec(text) ?? []
  if (owner === block && server.get(witness) === last) return Number(limit)
  return Number(/^ticket \d+ \S+ (\d+)$/.exec(text)?.[1] ?? 0)
}

function countTo(server: RedisServer, v: ViewToken, day: SequenceDay, last: number, limit: number): number {
  const [block, witness, mirror] = keysOf(day)
  server.set(block, `${last} ${limit} ${block} ${viewText(v)}`)
  server.set(witness, String(last))
  server.set(mirror, String(last))
  return last
}
