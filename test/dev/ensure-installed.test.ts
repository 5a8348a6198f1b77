import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Scope, temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'
import { ROOT } from '../helper/readme.ts'

const LOCK = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  },
}

interface Tree {
  /** What npm wrote down; undefined = nothing is installed. */
  readonly installed?: object
  /** The text of node_modules/.bin/node. */
  readonly pinned?: string
}

/** A checkout whose `npm` only says that it was called. */
function checkOut(t: Scope, { installed, pinned }: Tree) {
  const root = temporaryDirectory(t)
  mkdirSync(join(root, 'src/dev'), { recursive: true })
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  cpSync(join(ROOT, 'src/dev/ensure-installed.mjs'), join(root, 'src/dev/ensure-installed.mjs'))
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(LOCK))
  writeFileSync(join(root, 'npm.js'), "process.stderr.write('npm ' + process.argv[2] + '\\n')")
  if (installed !== undefined) {
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }))
  }
  if (pinned !== undefined) writeFileSync(join(root, 'node_modules/.bin/node'), pinned, { mode: 0o755 })
  return {
    run: (args: readonly string[] = []) =>
      runNode([...args, join(root, 'src/dev/ensure-installed.mjs')], {
        cwd: root,
        env: { npm_execpath: join(root, 'npm.js') },
      }),
    root,
  }
}

/** As an old Node tells its version. */
const OLD = [
  '--import',
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.20.2'}})",
]
const INSTALLED = { 'node_modules/a': { version: '1.0.0' } }

t.test('npm ci by hand counts: nothing is installed twice', async t => {
  t.strictSame(await checkOut(t, { installed: INSTALLED }).run(), { code: 0, output: '' })
})

t.test('what is not the locked version, or not there, is installed', async t => {
  const npmCalled = { code: 0, output: 'Installing the locked dependencies (npm ci) ...\nnpm ci\n' }
  for (const installed of [
    undefined,
    {},
    { 'node_modules/a': { version: '1.0.1' } },
    { ...INSTALLED, 'node_modules/b': { version: '1.0.0', optional: true } },
  ]) {
    t.strictSame(
      await checkOut(t, installed === undefined ? {} : { installed }).run(),
      npmCalled,
      JSON.stringify(installed),
    )
  }
})

t.test(
  'an old Node goes on where the pinned one runs, and says what is needed where it does not',
  async t => {
    const good = await checkOut(t, { installed: INSTALLED, pinned: '#!/bin/sh\nexit 0\n' }).run(OLD)
    t.strictSame(good, { code: 0, output: '' })
    for (const tree of [{}, { pinned: '#!/nowhere/ld-musl\n' }]) {
      const { code, output } = await checkOut(t, { installed: INSTALLED, ...tree }).run(OLD)
      t.equal(code, 1)
      t.match(output, /^Node 24 or newer is needed, this is Node 20\.20\.2, [^\n]*\n$/)
    }
  },
)

t.test('a pinned Node that does not run is out of the way of a new one', async t => {
  const tree = checkOut(t, { installed: INSTALLED, pinned: '#!/nowhere/ld-musl\n' })
  t.strictSame(await tree.run(), { code: 0, output: '' })
  symlinkSync(process.execPath, join(tree.root, 'node_modules/.bin/node'))
  t.pass('the name is free')
})
