import type { ClockPort } from '../../src/consistency/ports.ts'
import type { Random } from './random.ts'
import type { Cancel, Timeline } from './timeline.ts'

const EPOCH_MS = Date.UTC(2026, 0, 1)

/**
 * The operating system's side of one gateway: it can be killed, or stopped for a while (SIGSTOP: time goes on;
 * suspended: its monotonic clock stands still as well). Its clocks run up to 1 % too fast or too slow.
 */
export class SimProcess implements ClockPort {
  alive = true
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #rate: number
  readonly #bornAt: number
  #wallOffset = 0
  /** Global time that the monotonic clock has missed. */
  #missed = 0
  #stopped = false
  #waiting: (() => void)[] = []

  constructor(timeline: Timeline, random: Random) {
    this.#timeline = timeline
    this.#random = random
    this.#rate = random.between(0.99, 1.01)
    this.#bornAt = timeline.now - random.between(0, 10_000)
  }

  /** Runs `action` in this process: at once, when it goes on, or never. */
  run(action: () => void): void {
    if (!this.alive) return
    if (this.#stopped) this.#waiting.push(action)
    else action()
  }

  /** Alive and not stopped. */
  get running(): boolean {
    return this.alive && !this.#stopped
  }

  /** Stops it for `ms` of real time. */
  stop(ms: number, suspended: boolean): void {
    if (this.#stopped || !this.alive) return
    this.#stopped = true
    this.#timeline.later(ms, () => {
      if (suspended) this.#missed += ms
      this.#stopped = false
      const waiting = this.#waiting
      this.#waiting = []
      for (const action of waiting) this.run(action)
    })
  }

  /** Nothing of it happens any more; what it has sent may still arrive. */
  kill(): void {
    this.alive = false
    this.#waiting = []
  }

  jumpWall(ms: number): void {
    this.#wallOffset += ms
  }

  /** `ms` on this process's clock. */
  later(ms: number, action: () => void): Cancel {
    return this.#timeline.later(ms / this.#rate, () => this.run(action))
  }

  now(): number {
    return (this.#timeline.now - this.#bornAt - this.#missed) * this.#rate
  }

  wall(): number {
    return EPOCH_MS + (this.#timeline.now - this.#bornAt) * this.#rate + this.#wallOffset
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.later(ms, resolve))
  }

  turn(): Promise<void> {
    return this.sleep(0)
  }

  random(): number {
    return this.#random.next()
  }

  nonce(): string {
    return this.#random.hex(16)
  }
}
