import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MAX_OUTPUT_BYTES = 64 * 1_024 * 1_024
/** Spectral and npm take a minute on a busy machine. */
const PATIENCE_MS = 10 * 60 * 1_000
/** None of the tools needs to tell its makers about it. */
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NODE_OPTIONS: '' }

/** What it wrote to its standard output. Rejects with all that it wrote when it failed. */
export async function runTool(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = {
    cwd,
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: PATIENCE_MS,
    env: { ...process.env, ...QUIET, ...env },
  }
  try {
    return (await run(command, args, options)).stdout
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message.split('\n', 1)[0]}\n${stdout}${stderr}`, { cause: error })
  }
}
