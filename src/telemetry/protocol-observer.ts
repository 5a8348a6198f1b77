import type { FastifyBaseLogger } from 'fastify'
import type { ObserverPort } from '../consistency/ports.ts'
import type { Telemetry } from './telemetry.ts'

/** Reaches every numbered step of the protocol; chaos runs stop the process there. */
export type StepHook = (name: string) => void | Promise<void>

/** A duty that fails every 250 ms must not fill the log. */
const REPEAT_MS = 10_000

/** Logs and counts what the protocol does; one line for each transition of the view. */
export class ProtocolObserver implements ObserverPort {
  readonly step: StepHook
  readonly #log: FastifyBaseLogger
  readonly #telemetry: Telemetry
  readonly #lastLogged = new Map<string, number>()

  constructor(log: FastifyBaseLogger, telemetry: Telemetry, step: StepHook = () => {}) {
    this.#log = log
    this.#telemetry = telemetry
    this.step = step
  }

  viewOff(reason: string, epoch: number): void {
    this.#log.warn({ reason, epoch }, 'the cache view was turned OFF: settings are answered from PostgreSQL')
    this.#telemetry.viewOff(reason)
  }

  viewOn(epoch: number, recoveryMs: number, repaired: number | 'cold'): void {
    this.#log.info({ epoch, recoveryMs: Math.round(recoveryMs), repaired }, 'the cache view was turned ON')
    this.#telemetry.viewOn(recoveryMs)
  }

  failed(duty: string, error: unknown): void {
    const now = performance.now()
    if (now - (this.#lastLogged.get(duty) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    this.#lastLogged.set(duty, now)
    this.#log.warn({ duty, err: error }, 'a background duty failed, it is tried again')
  }
}
