import { VIEW_KEY } from '../../src/cache/keys.ts'
import type { ViewToken } from '../../src/consistency/ports.ts'
import { headOf } from '../../src/consistency/stored-bytes.ts'
import { sameIdentity, viewText } from '../../src/consistency/token.ts'
import type { DrawOutcome, NumberBlock, SequenceDay } from '../../src/sequence/ports.ts'
import type { RedisServer } from './redis-server.ts'

/** Rules of the order numbers that the test build can switch off. Names are those of rules.ts. */
export interface SequenceRules {
  /** A draw counts only in a block of its own V. */
  readonly blockOfOneView: boolean
  /** A block is not opened in the place of one with larger numbers. */
  readonly largerBlockStays: boolean
  /** Numbers come straight from the database only while the view is OFF. */
  readonly databaseOnlyOff: boolean
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
    const block = blockOf(server, day)
    const last = server.get(counterKey(day))
    if (block === undefined || last === undefined) return 'block'
    if (this.#rules.blockOfOneView && block.view !== viewText(v)) return 'block'
    if (Number(last) + count > block.limit) return `used ${block.limit}`
    server.set(counterKey(day), String(Number(last) + count))
    return Number(last) + count
  }

  open(
    server: RedisServer,
    v: ViewToken,
    day: SequenceDay,
    count: number,
    { first, last }: NumberBlock,
  ): DrawOutcome {
    if (!fit(server, v)) return 'view'
    const block = blockOf(server, day)
    if (this.#rules.largerBlockStays && block?.view === viewText(v) && block.limit > last) return 'block'
    const drawn = first + count - 1
    server.set(counterKey(day), String(drawn))
    server.set(blockKey(day), `${last} ${viewText(v)}`)
    return drawn
  }

  last(server: RedisServer, v: ViewToken, day: SequenceDay): DrawOutcome {
    if (!fit(server, v)) return 'view'
    const counter = server.get(counterKey(day))
    if (blockOf(server, day)?.view !== viewText(v) || counter === undefined) return 'block'
    return Number(counter)
  }
}

function fit(server: RedisServer, v: ViewToken): boolean {
  return server.get(VIEW_KEY) === viewText(v) && sameIdentity(server.identity, v.identity)
}

export function counterKey({ userId, day }: SequenceDay): string {
  return `user:${userId}:sequence:${day}`
}

export function blockKey(day: SequenceDay): string {
  return `${counterKey(day)}:block`
}

function blockOf(server: RedisServer, day: SequenceDay): { limit: number; view: string } | undefined {
  const [, limit, view] = /^(\d+) (.+)$/.exec(server.get(blockKey(day)) ?? '') ?? []
  return limit === undefined || view === undefined ? undefined : { limit: Number(limit), view }
}
