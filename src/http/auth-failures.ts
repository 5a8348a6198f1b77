import type { Config } from '../config.ts'
import { DomainError } from '../errors.ts'
import { FixedWindow } from './fixed-window.ts'
import { remoteNetwork } from './remote-network.ts'

/**
 * Tokens that were wrong, per remote address (IPv6: per /64) and minute: guesses are limited though nobody knows who
 * makes them. Counted in the process, as the limits per caller are; a bounded number of addresses.
 */
export class AuthFailures {
  readonly #window: FixedWindow | undefined

  constructor({ authFailuresMax: max, windowMs }: Config['http']['rateLimit']) {
    this.#window = max === 0 ? undefined : new FixedWindow(max, windowMs)
  }

  /** 0, or milliseconds until another token of this address is looked at. */
  waitMs(address: string): number {
    return this.#window?.peek(remoteNetwork(address), performance.now()) ?? 0
  }

  /** Counts a failed authentication; what else went wrong (the keys could not be fetched) is no guess. */
  count(address: string, error: unknown): void {
    if (error instanceof DomainError && error.code === 'UNAUTHORIZED')
      this.#window?.take(remoteNetwork(address), performance.now())
  }
}
