import type { Config } from '../config.ts'
import { DomainError } from '../errors.ts'
import { FixedWindow } from './fixed-window.ts'
import { remoteNetwork } from './remote-network.ts'

/**
 * Counts wrong tokens per remote address (IPv6: per /64) and minute, so that guesses are limited although their caller is
 * unknown. Counted in the process, as the limits per caller are, for a bounded number of addresses.
 */
export class AuthFailures {
  readonly #window: FixedWindow | undefined

  constructor({ authFailuresMax: max, windowMs }: Config['http']['rateLimit']) {
    this.#window = max === 0 ? undefined : new FixedWindow(max, windowMs)
  }

  /** 0, or milliseconds until another token from this address is verified. */
  waitMs(address: string): number {
    return this.#window?.peek(remoteNetwork(address), performance.now()) ?? 0
  }

  /** Counts a failed authentication. Other errors, such as keys that could not be fetched, are no guess. */
  count(address: string, error: unknown): void {
    if (error instanceof DomainError && error.code === 'UNAUTHORIZED')
      this.#window?.take(remoteNetwork(address), performance.now())
  }
}
