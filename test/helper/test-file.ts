import { spawnChild } from '../../src/dev/child.ts'

/** Nothing but a hang takes so long, also on a busy machine. */
const TIMEOUT_S = 600
/** A test that was skipped, at any level, and why. */
const SKIPPED = /^ *ok \d+ - (.*?) # SKIP ?(.*)$/gm
/** The last line of a file's TAP. */
const SUMMARY = /^# \{ (.*) \}$/gm

/** What a test file said. */
export interface Outcome {
  readonly passed: number
  /** At least one when the file ended otherwise than it should. */
  readonly failed: number
  /** Tests that were skipped and why; of a file that failed also its output without what is well. */
  readonly notes: readonly string[]
}

/** Counts the assertions by tap's own summary. `code`: the exit code of the file, null when a signal ended it. */
export function outcomeOf(tap: string, code: number | null): Outcome {
  const [summary = ''] = [...tap.matchAll(SUMMARY)].slice(-1).map(([, counts]) => counts)
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  const failed = count('fail') === 0 && code !== 0 ? 1 : count('fail')
  const skipped = [...tap.matchAll(SKIPPED)].map(([, test, why]) => `skipped: ${test} (${why})`)
  const bad = tap
    .split('\n')
    .filter(line => !/^\s*ok /.test(line))
    .join('\n')
  return { passed: count('pass'), failed, notes: failed > 0 ? [...skipped, bad] : skipped }
}

/**
 * Runs one test file with Node alone: the loaders that `tap run` adds, for coverage and mocks, take half a second of
 * each file, and its reporters need minutes for thousands of assertions.
 */
export function runTestFile(file: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawnChild(process.execPath, [file], {
      deathSignal: 'KILL',
      env: { ...env, TAP: '1', TAP_TIMEOUT: String(TIMEOUT_S) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Behind tap's own limit, which says what hangs.
      timeout: (TIMEOUT_S + 60) * 1_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', code => resolve(outcomeOf(output, code)))
  })
}
