import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { blocksOf, ROOT } from '../helper/readme.ts'

const run = promisify(execFile)
const BLOCKS = blocksOf(readFileSync(join(ROOT, 'docs/callers.md'), 'utf8'))

/** What each of the programs prints. `user`: the prefix of its users. */
const OUTPUT = (user: string) =>
  [
    `poll 1: user ${user}-1, read`,
    `poll 1: user ${user}-2, read`,
    `poll 2: user ${user}-1, unchanged`,
    `poll 2: user ${user}-2, unchanged`,
    'heard: change of mode.scalp',
    'resumed: the change that was made without a listener was sent',
    'stale: 412 VERSION_MISMATCH',
    'refused: size.leverage',
    'order number drawn once',
  ].join('\n')

export interface Target {
  readonly url: string
  readonly token: string
}

export interface Outcome {
  /** Undefined: the language is not on this machine. */
  readonly printed: string | undefined
  readonly expected: string
}

/** The one program of that language. */
export function programIn(language: string): string {
  const programs = BLOCKS.filter(block => block.language === language)
  if (programs.length !== 1) throw new Error(`docs/callers.md has ${programs.length} programs in ${language}`)
  return programs[0]!.text
}

export function curlCommands(): string[] {
  return programIn('sh')
    .split('\n')
    .filter(line => line.startsWith('curl '))
}

export async function runPython(directory: string, target: Target): Promise<Outcome> {
  writeFileSync(join(directory, 'caller.py'), programIn('python'))
  return { printed: await print('python3', ['caller.py'], directory, target), expected: OUTPUT('py') }
}

/** Formatted, checked, compiled and run. */
export async function runGo(directory: string, target: Target): Promise<Outcome> {
  writeFileSync(join(directory, 'caller.go'), programIn('go'))
  const unformatted = await print('gofmt', ['-l', 'caller.go'], directory, target)
  await print('go', ['vet', 'caller.go'], directory, target)
  const printed = await print('go', ['run', 'caller.go'], directory, target)
  return { printed: unformatted ? `gofmt: ${unformatted}` : printed, expected: OUTPUT('go') }
}

async function print(
  program: string,
  args: readonly string[],
  cwd: string,
  { url, token }: Target,
): Promise<string | undefined> {
  try {
    const env = { ...process.env, GATEWAY_URL: url, GATEWAY_TOKEN: token }
    const { stdout } = await run(program, args, { cwd, env, timeout: 120_000 })
    return stdout.trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
