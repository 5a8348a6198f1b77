import { setImmediate as nextMacrotask } from 'node:timers/promises'
import fc from 'fast-check'
import type { Random } from './random.ts'

interface Timer {
  readonly at: number
  readonly order: number
  action: (() => void) | undefined
}

/** Cancels what `later` planned. */
export type Cancel = () => void

const DONE = Promise.resolve()

/**
 * Virtual time and fast-check's scheduler. Whatever is on its way (a message, a pause between two statements) is a
 * task of the scheduler, which picks the next one at random; time advances a little with each task, and jumps to the
 * next timer when nothing is on its way. Nothing waits for real time.
 */
export class Timeline {
  /** Virtual milliseconds since the run began. */
  now = 0
  steps = 0
  readonly #scheduler: fc.Scheduler
  readonly #random: Random
  readonly #stepMs: number
  readonly #timers: Timer[] = []
  #order = 0

  constructor(seed: number, random: Random, stepMs: number) {
    this.#scheduler = fc.sample(fc.scheduler(), { seed, numRuns: 1 })[0]!
    this.#random = random
    this.#stepMs = stepMs
  }

  /** A point at which anything else that is under way may come first. */
  hop(): Promise<unknown> {
    return this.#scheduler.schedule(DONE)
  }

  later(ms: number, action: () => void): Cancel {
    const timer: Timer = { at: this.now + Math.max(0, ms), order: this.#order++, action }
    let index = this.#timers.length
    while (index > 0 && isBefore(timer, this.#timers[index - 1]!)) index--
    this.#timers.splice(index, 0, timer)
    return () => {
      timer.action = undefined
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.later(ms, resolve))
  }

  /** Runs until `done`, or until virtual time `until`. */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    await nextMacrotask()
    while (this.now < until && !done()) {
      this.steps++
      this.#advance()
      if (this.#scheduler.count() > 0) await this.#scheduler.waitOne()
      // The code under test settles whatever it can before the next step.
      await nextMacrotask()
    }
  }

  #advance(): void {
    this.#dropCancelled()
    const next = this.#timers[0]
    if (this.#scheduler.count() === 0) this.now = Math.max(this.now, next?.at ?? Number.POSITIVE_INFINITY)
    else this.now += this.#random.next() * this.#stepMs
    while (this.#timers.length > 0 && this.#timers[0]!.at <= this.now) this.#timers.shift()!.action?.()
  }

  #dropCancelled(): void {
    while (this.#timers.length > 0 && this.#timers[0]!.action === undefined) this.#timers.shift()
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
