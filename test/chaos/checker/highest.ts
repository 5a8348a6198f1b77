/** The highest number known before a moment, of facts that each become known at a moment of their own. */
export class Highest {
  #facts: { at: number; value: number }[] = []
  #sorted = true

  add(at: number, value: number): void {
    this.#facts.push({ at, value })
    this.#sorted = false
  }

  /** -Infinity when nothing was known before `moment`. */
  before(moment: number): number {
    this.#sort()
    let low = 0
    let high = this.#facts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#facts[middle]!.at < moment) low = middle + 1
      else high = middle
    }
    return low === 0 ? Number.NEGATIVE_INFINITY : this.#facts[low - 1]!.value
  }

  /** By time, each with the highest value so far. */
  #sort(): void {
    if (this.#sorted) return
    this.#sorted = true
    this.#facts.sort((a, b) => a.at - b.at)
    let highest = Number.NEGATIVE_INFINITY
    this.#facts = this.#facts.map(({ at, value }) => {
      highest = Math.max(highest, value)
      return { at, value: highest }
    })
  }
}

/** The entry of a map, made when it is not there. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
