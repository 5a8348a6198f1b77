import type { Scope } from '../helper/backends.ts'

/** What tap does for a test, for a program: undoes everything in the opposite order. */
export class ProgramScope implements Scope {
  readonly #works: (() => unknown)[] = []

  teardown(work: () => unknown): void {
    this.#works.push(work)
  }

  async end(): Promise<void> {
    for (const work of this.#works.splice(0).reverse()) await work()
  }
}
