import { withScope } from '../load/scope.ts'
import { report } from './report.ts'
import { type RunOptions, type RunResult, run } from './runner.ts'

/**
 * A chaos run as a program: prints its report, and ends the process with 1 when anything that was promised did not
 * hold. `keep` may put the result elsewhere as well.
 */
export async function runProgram(
  title: string,
  options: RunOptions,
  keep: (result: RunResult) => void = () => {},
): Promise<never> {
  say(title)
  let violations = 0
  await withScope(async scope => {
    const result = await run(scope, options)
    keep(result)
    say(report(result))
    violations = result.violations.length
  })
  process.exit(violations === 0 ? 0 : 1)
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
