import type { Scope } from '../helper/backends.ts'

/** The teardown of tap for scripts: what was begun last ends first, whatever the work did. */
export async function withScope(work: (scope: Scope) => Promise<void>): Promise<void> {
  const ends: (() => unknown)[] = []
  try {
    await work({ teardown: end => ends.push(end) })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
