import { Gateway } from './gateway.ts'
import type { World } from './world.ts'

/** Longest time from a kill to the next process in its place. */
const RESTART_MS = 800

/** The instances behind one address; a killed one is started again. */
export class Gateways {
  readonly all: Gateway[]
  readonly #world: World
  #started = 0
  #ended = false

  constructor(world: World, count: number) {
    this.#world = world
    this.all = Array.from({ length: count }, () => this.#start())
  }

  pick(): Gateway {
    return this.#world.random.pick(this.all)
  }

  #start(): Gateway {
    const { leaseFactors } = this.#world.scenario
    return new Gateway(this.#world, leaseFactors[this.#started++ % leaseFactors.length]!)
  }

  /** All are killed, and none is started again. */
  end(): void {
    this.#ended = true
    for (const gateway of this.all) gateway.kill()
  }

  /** Starts another process in the place of a killed one, in a while. */
  replace(gone: Gateway): void {
    const { timeline, random } = this.#world
    timeline.later(random.between(0, RESTART_MS), () => {
      const place = this.#ended ? -1 : this.all.indexOf(gone)
      if (place >= 0) this.all[place] = this.#start()
    })
  }
}
