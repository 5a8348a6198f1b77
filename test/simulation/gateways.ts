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
  #onlyCluster = false

  constructor(world: World, count: number) {
    this.#world = world
    this.all = Array.from({ length: count }, () => this.#start())
  }

  pick(): Gateway {
    return this.#world.random.pick(this.all)
  }

  #start(): Gateway {
    const { leaseFactors } = this.#world.scenario
    const hasCluster = this.#hasCluster(this.#started)
    return new Gateway(this.#world, leaseFactors[this.#started++ % leaseFactors.length]!, hasCluster)
  }

  /** Of some, every other one that is started. */
  #hasCluster(started: number): boolean {
    const { cluster } = this.#world.scenario
    return (
      cluster === 'all' ||
      (cluster !== undefined && this.#onlyCluster) ||
      (cluster === 'some' && started % 2 === 0)
    )
  }

  /** Those with one Redis are killed, and others with the cluster are started in their place. */
  allWithCluster(): void {
    this.#onlyCluster = true
    for (const gateway of this.all) if (gateway.parts[0].store.viewId === 0) gateway.kill()
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
