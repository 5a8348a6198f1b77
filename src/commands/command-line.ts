import { parseArgs } from 'node:util'

/** What is wrong with the arguments of a command; the message is for the person who typed them. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** One option of a command, as parseArgs takes it, with what `--help` says. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly default?: string | boolean
  /** What stands behind the option, such as `N` or `FILE`; flags have none. */
  readonly value?: string
  /** The value is a whole number of at least this much. */
  readonly minimum?: number
  /** One line. */
  readonly help: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

export interface Command<O extends CommandOptions> {
  /** As it is typed, such as `npm run token --`. */
  readonly command: string
  /** One sentence. */
  readonly summary: string
  readonly options: O
  /** Such as `[FILE ...]`; absent = nothing beside options. */
  readonly positionals?: string
  /** `--no-rules` switches the flag `rules` off. */
  readonly negative?: true
}

type ValueOf<O extends CommandOption> = O['type'] extends 'boolean' ? boolean : string
export type Values<O extends CommandOptions> = {
  readonly [K in keyof O]: O[K] extends { readonly default: string | boolean }
    ? ValueOf<O[K]>
    : ValueOf<O[K]> | undefined
}

export interface CommandLine<O extends CommandOptions> {
  readonly values: Values<O>
  readonly positionals: readonly string[]
}

/**
 * The arguments of this process. With `--help` it prints what the command takes and ends with 0; with a wrong argument
 * it ends with 2 after one sentence.
 */
export function commandLine<const O extends CommandOptions>(of: Command<O>): CommandLine<O> {
  const args = process.argv.slice(2)
  if (asksForHelp(args)) {
    process.stdout.write(helpOf(of))
    process.exit(0)
  }
  try {
    return parseCommand(of, args)
  } catch (error) {
    if (error instanceof UsageError) endWithUsage(error.message)
    throw error
  }
}

/** Ends the process with 2 after one sentence. */
export function endWithUsage(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}

/** Throws UsageError. */
export function parseCommand<const O extends CommandOptions>(
  { command, options, positionals, negative = false as never }: Command<O>,
  args: readonly string[],
): CommandLine<O> {
  const parsed = tryParse(command, () =>
    parseArgs({
      args: [...args],
      options,
      allowPositionals: positionals !== undefined,
      allowNegative: negative,
      strict: true,
    }),
  )
  for (const [name, { minimum }] of Object.entries(options)) {
    const text = parsed.values[name as keyof typeof parsed.values] as string | undefined
    if (minimum === undefined || text === undefined) continue
    if (!/^\d+$/.test(text) || Number(text) < minimum || !Number.isSafeInteger(Number(text))) {
      throw new UsageError(`--${name} must be a whole number from ${minimum} on, is ${JSON.stringify(text)}`)
    }
  }
  return parsed as unknown as CommandLine<O>
}

function tryParse<T>(command: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    // parseArgs adds advice about its own syntax behind the first sentence.
    const [sentence] = (error as Error).message.split(/\. |\n/, 1)
    throw new UsageError(`${sentence!.replace(/\.$/, '')}; see \`${command} --help\``)
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).some(word => word === '--help' || word === '-h')
}

function helpOf({ command, summary, options, positionals }: Command<CommandOptions>): string {
  const rows = Object.entries(options).map(([name, { value, help, default: byDefault }]) => ({
    left: `--${name}${value === undefined ? '' : ` ${value}`}`,
    right:
      byDefault === undefined || byDefault === false || byDefault === ''
        ? help
        : `${help} Default: ${byDefault}.`,
  }))
  rows.push({ left: '--help', right: 'Print this.' })
  const width = Math.max(...rows.map(({ left }) => left.length))
  return [
    summary,
    '',
    `Usage: ${command} [options]${positionals === undefined ? '' : ` ${positionals}`}`,
    '',
    ...rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`),
    '',
  ].join('\n')
}
