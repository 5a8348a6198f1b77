// Runs before every npm script, under any Node on the PATH: installs the locked dependencies when they are not
// the installed ones, and says so when no Node is there that can run the gateway. Plain JavaScript for old versions, for
// nothing is installed yet.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NEEDED_NODE = 24
const root = fileURLToPath(new URL('../..', import.meta.url))
const pinned = `${root}/node_modules/.bin/node`

// A linked node_modules is another checkout's: `npm ci` would empty it while that one runs.
const linked = (
  lstatSync(`${root}/node_modules`, { throwIfNoEntry: false }) || lstatSync(root)
).isSymbolicLink()
if (!linked && !isInstalled()) install()
requireNode()

/** npm writes down what it has installed; packages for other platforms are not there. */
function isInstalled() {
  const file = `${root}/node_modules/.package-lock.json`
  if (!existsSync(file)) return false
  const wanted = packagesOf(`${root}/package-lock.json`)
  const present = packagesOf(file)
  return Object.keys(wanted).every(path => {
    if (path === '' || (wanted[path].optional && !present[path])) return true
    return present[path] !== undefined && present[path].version === wanted[path].version
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages || {}
  } catch (error) {
    fail(`${file} cannot be read: ${error.message}`)
  }
}

function install() {
  process.stderr.write('Installing the locked dependencies (npm ci) ...\n')
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status } = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // Scripts may be asked for nothing but their result on the standard output.
    stdio: ['inherit', 2, 2],
  })
  if (status !== 0) process.exit(status || 1)
}

/** The pinned Node comes with the dependencies on Linux, and npm scripts find it first. */
function requireNode() {
  if (existsSync(pinned)) {
    if (spawnSync(pinned, ['--version'], { stdio: 'ignore' }).status === 0) return
    // Made for another C library, such as that of Alpine: out of the way of the Node on the PATH.
    if (!linked) unlinkSync(pinned)
  }
  const own = process.versions.node
  if (Number(own.split('.')[0]) >= NEEDED_NODE) return
  fail(
    `Node ${NEEDED_NODE} or newer is needed, this is Node ${own}, and the Node that comes with the dependencies is not there or does not run on ${process.platform}-${process.arch}. Install it from https://nodejs.org/`,
  )
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
