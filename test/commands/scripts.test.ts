import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseCommand } from '../../src/commands/command-line.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'

const TRY = join(import.meta.dirname, 'try-scripts.ts')
const INSTALL = 'node src/dev/ensure-installed.mjs'
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
const COMMANDS = Object.entries(scripts).filter(([name]) => !['prestart', 'pretest'].includes(name))

interface Ended {
  readonly code: number
  readonly output: string
}

t.test('each script says what it is and refuses what it does not know', async t => {
  const files = COMMANDS.map(([, script]) => {
    const [, file = '', ...args] = script.split(' && ').at(-1)!.split(' ')
    return [join(ROOT, file), ...args]
  })
  const calls = [
    ...files.map(file => [...file, '--help']),
    ...files.map(file => [...file, '--no-such-option']),
  ]
  const { code, output } = await runNode([TRY, JSON.stringify(calls)], {
    cwd: temporaryDirectory(t),
    env: {},
  })
  t.equal(code, 0, output)
  const ended: Ended[] = JSON.parse(output)
  for (const [index, [name, script]] of COMMANDS.entries()) {
    t.test(`npm run ${name}`, async t => {
      t.ok(
        script.startsWith(`${INSTALL} && node `) || scripts[`pre${name}`] === INSTALL,
        'it runs from a clean clone',
      )
      const [help, wrong] = [ended[index]!, ended[COMMANDS.length + index]!]
      t.equal(help.code, 0, help.output)
      t.match(help.output, /^[A-Z][\s\S]+?[.]\n\nUsage: /, 'what it is for first')
      t.match(help.output, /\nUsage: npm (?:run \S+|start|test)/)
      t.match(help.output, /\n {2}--help +Print this\.\n$/)
      t.equal(wrong.code, 2, wrong.output)
      t.match(wrong.output, /^Unknown option '--no-such-option'[^\n]*\n$/, 'one sentence, no stack')
    })
  }
})

t.test('as a process', async t => {
  const run = (...args: string[]) =>
    runNode([join(ROOT, 'test/simulation/simulate.ts'), ...args], { cwd: temporaryDirectory(t), env: {} })
  t.match(await run('--help'), { code: 0, output: /^Walks [\s\S]+--help +Print this\.\n$/ })
  t.match(await run('--no-such-option'), { code: 2, output: /^Unknown option '--no-such-option'[^\n]*\n$/ })
})

t.test('what else is wrong with arguments is one sentence', async t => {
  const of = {
    command: 'npm run x --',
    summary: 'X.',
    options: {
      count: { type: 'string', default: '3', minimum: 2, help: 'N.' },
      all: { type: 'boolean', default: false, help: 'All.' },
    },
  } as const
  const said = (...args: string[]) => {
    try {
      return parseCommand(of, args).values
    } catch (error) {
      return (error as Error).message
    }
  }
  t.same(said(), { count: '3', all: false })
  t.same(said('--count=5', '--all'), { count: '5', all: true })
  for (const count of ['1', '-1', '1.5', 'x', '', '9'.repeat(20)]) {
    t.match(said(`--count=${count}`), /^--count must be a whole number from 2 on, is "/)
  }
  t.match(said('--count'), /^Option '--count <value>' argument missing; see `npm run x -- --help`$/)
  t.match(said('--all=yes'), /^Option '--all' does not take an argument; see/)
  t.match(said('file'), /^Unexpected argument 'file'; see/)
})
