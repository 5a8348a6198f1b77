import type { FastifyBaseLogger } from 'fastify'
import type { SequenceObserverPort } from '../sequence/ports.ts'
import type { Telemetry } from './telemetry.ts'

/** Lines that were logged are remembered, so that each is logged once; the memory is emptied when it has so many. */
const MAX_REMEMBERED = 10_000
/** Characters of a stored value that are logged. */
const SHOWN = 64

/** Logs and counts what happens to order numbers; one line for each user and day, not for each number. */
export class SequenceObserver implements SequenceObserverPort {
  readonly #log: FastifyBaseLogger
  readonly #telemetry: Pick<Telemetry, 'sequenceDrawn' | 'sequenceHigh'>
  readonly #logged = new Set<string>()

  constructor(log: FastifyBaseLogger, telemetry: Pick<Telemetry, 'sequenceDrawn' | 'sequenceHigh'>) {
    this.#log = log
    this.#telemetry = telemetry
  }

  drawn(source: 'redis' | 'database', count: number): void {
    this.#telemetry.sequenceDrawn(source, count)
  }

  numbersHigh(userId: string, day: string, last: number): void {
    if (!this.#isFirst(`high ${userId} ${day}`)) return
    this.#log.warn({ userId, day, last }, 'an order number is above SEQUENCE_WARN_ABOVE')
    this.#telemetry.sequenceHigh()
  }

  zoneUnknown(userId: string, stored: unknown, instead: string): void {
    const timezone = String(JSON.stringify(stored)).slice(0, SHOWN)
    if (!this.#isFirst(`zone ${userId} ${timezone}`)) return
    this.#log.warn({ userId, timezone, instead }, 'a stored trading.timezone is no time zone')
  }

  #isFirst(what: string): boolean {
    if (this.#logged.has(what)) return false
    if (this.#logged.size >= MAX_REMEMBERED) this.#logged.clear()
    this.#logged.add(what)
    return true
  }
}
