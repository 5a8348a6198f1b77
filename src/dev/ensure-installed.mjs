// Runs before `npm start` and `npm test`, under whatever Node is on the PATH: installs the locked dependencies
// when there are none, or others than the lock file says. Plain JavaScript, for nothing is installed yet.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stampFile = `${root}/node_modules/.settings-gateway-installed`
const stamp = createHash('sha256')
  .update(readFileSync(`${root}/package-lock.json`))
  .digest('hex')

// A linked node_modules is another checkout's: `npm ci` would empty it while that one runs.
const linked = lstatSync(`${root}/node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
const installed = linked || (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
if (!installed) {
  process.stdout.write('Installing the locked dependencies (npm ci) ...\n')
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  const { status } = spawnSync(command, [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(stampFile, stamp)
}
