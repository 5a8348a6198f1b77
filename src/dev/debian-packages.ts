import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'

const LIBRARY_DIRS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/** Unpacked packages of Debian or Ubuntu. */
export interface UnpackedPackages {
  readonly root: string
  /** For LD_LIBRARY_PATH. */
  readonly libraries: string
}

/**
 * Packages unpacked under `cacheDir/name`; those that the release does not have are left out. The first time apt-get
 * downloads them, without root and without installing anything. Undefined when there is no way to get them.
 */
export function debianPackages(
  cacheDir: string,
  name: string,
  packages: readonly string[],
): UnpackedPackages | undefined {
  const root = join(cacheDir, name)
  if (!existsSync(root)) download(cacheDir, name, packages)
  if (!existsSync(root)) return undefined
  return { root, libraries: join(root, 'usr', 'lib', LIBRARY_DIRS[arch()] ?? '') }
}

function download(cacheDir: string, name: string, packages: readonly string[]): void {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return
  process.stdout.write(`Downloading ${packages[0]} with apt-get into a private directory ...\n`)
  mkdirSync(cacheDir, { recursive: true })
  const work = mkdtempSync(join(cacheDir, `${name}-download-`))
  try {
    unpackInto(work, packages)
    // In one step, so that another start never sees half of it; the second one uses the first one's.
    if (!existsSync(join(cacheDir, name))) renameSync(join(work, 'root'), join(cacheDir, name))
  } catch {
    // Offline, or no such package: the caller goes on without.
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function unpackInto(work: string, packages: readonly string[]): void {
  for (const directory of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
    mkdirSync(join(work, directory), { recursive: true })
  }
  const config = join(work, 'apt.conf')
  writeFileSync(
    config,
    `Dir::State::lists "${work}/lists";\nDir::Cache "${work}/cache";\nDebug::NoLocking "1";\nAPT::Sandbox::User "";\n`,
  )
  const options = {
    cwd: join(work, 'debs'),
    env: { ...process.env, APT_CONFIG: config },
    stdio: 'ignore' as const,
  }
  execFileSync('apt-get', ['update', '-qq'], options)
  for (const name of packages) spawnSync('apt-get', ['download', '-qq', name], options)
  const files = readdirSync(join(work, 'debs'))
  if (!files.some(file => file.startsWith(`${packages[0]}_`))) throw new Error(`there is no ${packages[0]}`)
  for (const file of files) {
    execFileSync('dpkg-deb', ['-x', join(work, 'debs', file), join(work, 'root')], { stdio: 'ignore' })
  }
}
