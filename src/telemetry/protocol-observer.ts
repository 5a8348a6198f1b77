import type { FastifyBaseLogger } from 'fastify'
import type { ObserverPort } from '../consistency/ports.ts'
import type { View } from '../consistency/views.ts'
import type { Telemetry } from './telemetry.ts'
import { ViewHistory } from './view-history.ts'

/** Reaches every numbered step of the protocol; chaos runs stop the process there. */
export type StepHook = (name: string) => void | Promise<void>

/** A duty that fails every 250 ms must not fill the log. */
const REPEAT_MS = 10_000

/** Logs and counts what the protocol does; one line for each transition of the view, made by this instance or another. */
export class ProtocolObserver implements ObserverPort {
  readonly step: StepHook
  readonly #log: FastifyBaseLogger
  readonly #telemetry: Telemetry
  readonly #lastLogged = new Map<string, number>()
  readonly #history = new ViewHistory()

  constructor(log: FastifyBaseLogger, telemetry: Telemetry, step: StepHook = () => {}) {
    this.#log = log
    this.#telemetry = telemetry
    this.step = step
  }

  viewOff(reason: string, epoch: number): void {
    if (!this.#history.moves('OFF', epoch)) return
    this.#log.warn({ reason, epoch }, 'the cache view was turned OFF: settings are answered from PostgreSQL')
    this.#telemetry.viewOff(reason)
  }

  viewOn(epoch: number, recoveryMs: number, fenced: number | 'cold'): void {
    if (!this.#history.moves('ON', epoch)) return
    this.#log.info({ epoch, recoveryMs: Math.round(recoveryMs), fenced }, 'the cache view was turned ON')
    const how = fenced === 'cold' ? 'the cache was emptied' : `documents fenced: ${fenced}`
    this.#telemetry.viewOn(recoveryMs, how)
  }

  /** Another instance, or a trigger of the database, may have turned it. */
  viewSeen({ mode, epoch, reason }: View): void {
    const { isKnown, sinceOffMs: recoveryMs } = this.#history
    if (!this.#history.moves(mode, epoch) || !isKnown) return
    if (mode === 'OFF') {
      this.#log.warn({ reason, epoch }, 'the cache view was turned OFF outside of this instance')
      this.#telemetry.viewOff(reason)
    } else {
      this.#log.info({ epoch, recoveryMs: Math.round(recoveryMs) }, 'the cache view was turned ON elsewhere')
      this.#telemetry.viewOn(recoveryMs, 'by another instance')
    }
  }

  failed(duty: string, error: unknown): void {
    const now = performance.now()
    if (now - (this.#lastLogged.get(duty) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    this.#lastLogged.set(duty, now)
    this.#log.warn({ duty, err: error }, 'a background duty failed, it is tried again')
  }
}
