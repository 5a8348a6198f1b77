import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { commandLine, endWithUsage } from '../src/commands/command-line.ts'
import { startSharedPostgres } from './helper/backends.ts'
import { TestRunner } from './helper/test-runner.ts'

/**
 * `npm test`: type check, lint, checks of what is written from the code, and all tests, against private servers. Arguments are test files; with
 * them nothing else runs. The last line counts what passed and what failed: every assertion, and every check as one.
 */

const BIN = join(import.meta.dirname, '../node_modules/.bin')
/** As npm does it: the pinned Node runs everything. */
const PATH = `${BIN}${delimiter}${process.env.PATH ?? ''}`
const CHECKS = [
  { name: 'type check', command: 'tsc', args: [] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings'] },
  { name: 'OpenAPI check', command: 'node', args: ['src/dev/write-openapi.ts', '--check'] },
  { name: 'configuration docs check', command: 'node', args: ['src/dev/write-config-docs.ts', '--check'] },
]

/** Files at once. Many wait for a timeout: two more than cores. At most as many as the connections of the PostgreSQL allow. */
const JOBS = Math.min(availableParallelism() + 2, 8)
/** Folders whose files take longest, most of them with processes of their own. They start first: none then runs alone at the end. */
const LONG = ['bench', 'chaos', 'outages', 'dev', 'operations', 'transfer', 'sequence', 'client']

interface Count {
  readonly passed: number
  readonly failed: number
}

async function main(files: readonly string[]): Promise<Count> {
  const counts: Count[] = files.length === 0 ? [await runChecks()] : []
  const postgres = await startSharedPostgres()
  // Hundreds of processes load the same modules: this halves what that costs.
  const compiled = mkdtempSync(join(tmpdir(), 'settings-gateway-'))
  try {
    const env = { TEST_POSTGRES_URL: postgres.url, NODE_COMPILE_CACHE: compiled }
    counts.push(await runTests(files, { ...process.env, PATH, ...env }))
  } finally {
    await postgres.stop()
    rmSync(compiled, { recursive: true, force: true })
  }
  return total(counts)
}

async function runChecks(): Promise<Count> {
  return total(await Promise.all(CHECKS.map(runCheck)))
}

function total(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  }
}

async function runCheck({ name, command, args }: (typeof CHECKS)[number]): Promise<Count> {
  const { code, output } = await run(command, args)
  say(code === 0 ? `passed: ${name}` : `FAILED: ${name}\n${output}`)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** Runs the files, JOBS at once, and prints a line for each. */
async function runTests(files: readonly string[], env: NodeJS.ProcessEnv): Promise<Count> {
  const left = files.length > 0 ? [...files] : allTestFiles()
  const counts: Count[] = []
  const work = async () => {
    const runner = new TestRunner(env)
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const startedAt = performance.now()
      const { passed, failed, notes } = await runner.run(file)
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      for (const note of notes) say(note)
      say(`${failed === 0 ? 'passed' : 'FAILED'}: ${file} (${seconds} s)`)
      counts.push({ passed, failed })
    }
    const { notes, ...count } = await runner.end()
    for (const note of notes) say(note)
    counts.push(count)
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  return total(counts)
}

function allTestFiles(): string[] {
  const rank = (file: string) => {
    const place = LONG.findIndex(folder => file.startsWith(`test/${folder}/`))
    return place < 0 ? LONG.length : place
  }
  return globSync('test/**/*.test.ts')
    .sort()
    .sort((one, other) => rank(one) - rank(other))
}

function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(BIN, command), args, {
      env: { ...process.env, PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const { values, positionals } = commandLine({
  command: 'npm test --',
  summary:
    'Checks types, lint and what is written from the code, and runs all tests; with files nothing but those tests.',
  positionals: '[TEST_FILE ...]',
  options: { checks: { type: 'boolean', default: false, help: 'Only the checks, no tests.' } },
})
if (values.checks && positionals.length > 0) endWithUsage('--checks goes without files')
const { passed, failed } = values.checks ? await runChecks() : await main(positionals)
say(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
