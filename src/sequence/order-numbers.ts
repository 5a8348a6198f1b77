import type { ClockPort } from '../consistency/ports.ts'
import { DomainError } from '../errors.ts'
import type { Counter } from './counter.ts'
import { dayIn } from './day.ts'
import type { SequenceObserverPort } from './ports.ts'
import type { Replies } from './replies.ts'
import type { DrawingUser, LastNumber, SequenceNumbers, SequenceService } from './service.ts'
import type { UserZones } from './user-zones.ts'

export interface OrderNumbersDeps {
  readonly counter: Pick<Counter, 'draw' | 'last'>
  readonly zones: UserZones
  readonly replies: Replies
  readonly clock: Pick<ClockPort, 'wall'>
  readonly observer: SequenceObserverPort
  /** Numbers above it carry a warning. */
  readonly warnAbove: number
}

const MAX_TRIES = 5
/** Draw without looking at the settings. */
const ANY_VERSION = 0

/** Order numbers for the routes: the user's day, and retries that must not draw again. */
export class OrderNumbers implements SequenceService {
  readonly #deps: OrderNumbersDeps

  constructor(deps: OrderNumbersDeps) {
    this.#deps = deps
  }

  draw(user: DrawingUser, count: number, idempotencyKey?: string): Promise<SequenceNumbers> {
    if (idempotencyKey === undefined) return this.#draw(user, count)
    return this.#deps.replies.once(user.userId, idempotencyKey, count, () => this.#draw(user, count))
  }

  async last(user: DrawingUser): Promise<LastNumber> {
    const { counter, zones, clock } = this.#deps
    const { timeZone } = await zones.read(user)
    const day = dayIn(timeZone, clock.wall())
    const sequence = await counter.last({ userId: user.userId, day })
    return { user_id: user.userId, date: day, sequence }
  }

  async #draw(user: DrawingUser, count: number): Promise<SequenceNumbers> {
    const { counter, zones, clock, observer } = this.#deps
    const known = zones.known(user.userId)
    let zone = known ?? (await zones.read(user))
    // The draw checks the version of what was remembered; what was read just now needs no check.
    let checked = known === undefined ? ANY_VERSION : zone.version
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const day = dayIn(zone.timeZone, clock.wall())
      const drawn = await counter.draw({ userId: user.userId, day }, count, checked)
      const before = zone
      if (drawn === 'settings' || drawn.source === 'database') zone = await zones.read(user)
      checked = ANY_VERSION
      // The database draws without that check: numbers of a day that was the wrong one are burned.
      if (drawn === 'settings' || zone.timeZone !== before.timeZone) continue
      observer.drawn(drawn.source, count)
      const { last, source } = drawn
      const numbers = {
        user_id: user.userId,
        date: day,
        sequence: last,
        first: last - count + 1,
        last,
        source,
      }
      const warnings = [...zone.warnings, ...this.#warningsOf(user.userId, day, last)]
      return warnings.length === 0 ? numbers : { ...numbers, warnings }
    }
    throw new DomainError('CONFLICT', 'the settings of the user change too often')
  }

  #warningsOf(userId: string, day: string, last: number): readonly string[] {
    const { warnAbove, observer } = this.#deps
    if (last <= warnAbove) return []
    observer.numbersHigh(userId, day, last)
    return [
      `the number ${last} is above SEQUENCE_WARN_ABOVE (${warnAbove}): it may be too long for an order id`,
    ]
  }
}
