import type { Pool } from 'pg'
import type { ClockPort } from '../consistency/ports.ts'
import { versionOf } from '../consistency/stored-bytes.ts'
import { readJson } from '../documents/json/read.ts'
import { ProblemError } from '../errors.ts'
import type { Counter } from '../sequence/counter.ts'
import { dayIn } from '../sequence/user-day.ts'
import { asUnavailable } from '../store/database-errors.ts'
import {
  deleteOldReplies,
  rememberReply,
  type StoredReply,
  selectReply,
} from '../store/statements/sequence-replies.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { dataOf } from './codec.ts'
import type { DocumentReads } from './document-reads.ts'
import type { SequenceNumbers, SequenceService } from './sequence-service.ts'
import type { Actor } from './service.ts'

export interface SequenceDeps {
  readonly counter: Counter
  readonly reads: DocumentReads
  readonly pool: Pool
  readonly clock: ClockPort
  readonly telemetry: Pick<Telemetry, 'sequenceDrawn'>
}

/** A user's time zone, and the version of the settings it is from. */
interface Zone {
  readonly version: number
  readonly timeZone: string
}

const TRADING = { kind: 'settings', section: 'trading' }
const DEFAULT_TIME_ZONE = 'UTC'
/** Users whose time zone is remembered. The draw itself checks its version, so a stale one costs a round trip. */
const MAX_ZONES = 10_000
const MAX_TRIES = 5
/** Draw without looking at the settings. */
const ANY_VERSION = 0
/** One in so many remembered replies clears away the old ones. */
const CLEAR_EVERY = 100

/** Order numbers for the routes: the user's day, and retries that must not draw again. */
export class Sequence implements SequenceService {
  readonly #deps: SequenceDeps
  readonly #zones = new Map<string, Zone>()
  #remembered = 0

  constructor(deps: SequenceDeps) {
    this.#deps = deps
  }

  async draw(actor: Actor, count: number, idempotencyKey?: string): Promise<SequenceNumbers> {
    if (idempotencyKey === undefined) return this.#draw(actor, count)
    const { pool } = this.#deps
    const known = await this.#query(() => selectReply(pool, actor.userId, idempotencyKey))
    if (known !== undefined) return replyFor(known, count)
    const reply: StoredReply = { wanted: count, reply: JSON.stringify(await this.#draw(actor, count)) }
    // Two retries at once: the first one's numbers count, the other's are burned.
    const kept = await this.#query(() => rememberReply(pool, actor.userId, idempotencyKey, reply))
    if (this.#remembered++ % CLEAR_EVERY === 0) await this.#query(() => deleteOldReplies(pool))
    return replyFor(kept, count)
  }

  async last(actor: Actor): Promise<{ user_id: string; date: string; sequence: number }> {
    const { timeZone } = await this.#readZone(actor)
    const day = dayIn(timeZone, this.#deps.clock.wall())
    return {
      user_id: actor.userId,
      date: day,
      sequence: await this.#deps.counter.last({ userId: actor.userId, day }),
    }
  }

  async #draw(actor: Actor, count: number): Promise<SequenceNumbers> {
    const { counter, clock, telemetry } = this.#deps
    const known = this.#zones.get(actor.userId)
    let zone = known ?? (await this.#readZone(actor))
    // The draw checks the version of what was remembered; what was read just now needs no check.
    let checked = known === undefined ? ANY_VERSION : zone.version
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const day = dayIn(zone.timeZone, clock.wall())
      const drawn = await counter.draw({ userId: actor.userId, day }, count, checked)
      const before = zone
      if (drawn === 'settings' || drawn.source === 'database') zone = await this.#readZone(actor)
      checked = ANY_VERSION
      // The database draws without that check: numbers of a day that was the wrong one are burned.
      if (drawn === 'settings' || zone.timeZone !== before.timeZone) continue
      telemetry.sequenceDrawn(drawn.source, count)
      const { last, source } = drawn
      return { user_id: actor.userId, date: day, sequence: last, first: last - count + 1, last, source }
    }
    throw new ProblemError('CONFLICT', 'the settings of the user change too often')
  }

  async #readZone(actor: Actor): Promise<Zone> {
    const { values } = await this.#deps.reads.read(actor, [TRADING])
    const { timezone } = dataOf(values[0]!)
    const zone = {
      version: versionOf(values[0]!),
      timeZone: typeof timezone === 'string' && timezone !== '' ? timezone : DEFAULT_TIME_ZONE,
    }
    if (this.#zones.size >= MAX_ZONES) this.#zones.clear()
    this.#zones.set(actor.userId, zone)
    return zone
  }

  async #query<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw asUnavailable(error)
    }
  }
}

function replyFor({ wanted, reply }: StoredReply, count: number): SequenceNumbers {
  if (wanted === count) return readJson(reply) as SequenceNumbers
  throw new ProblemError('CONFLICT', `the Idempotency-Key was used for ${wanted} numbers before`)
}
