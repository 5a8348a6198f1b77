/** A test that was skipped, at any level, and why. */
const SKIPPED = /^ *ok \d+ - (.*?) # SKIP ?(.*)$/gm

/** What a test file said. */
export interface Outcome {
  readonly passed: number
  readonly failed: number
  /** Tests that were skipped and why; of a file that failed also its output without what is well. */
  readonly notes: readonly string[]
}

/** `tap`: the output of one file; `counts`: tap's own counts of its assertions. */
export function outcomeOf(tap: string, { pass, fail }: { pass: number; fail: number }): Outcome {
  const skipped = [...tap.matchAll(SKIPPED)].map(([, test, why]) => `skipped: ${test} (${why})`)
  const bad = tap
    .split('\n')
    .filter(line => !/^\s*ok /.test(line))
    .join('\n')
  return { passed: pass, failed: fail, notes: fail > 0 ? [...skipped, bad] : skipped }
}
