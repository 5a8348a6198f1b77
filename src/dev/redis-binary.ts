import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { delimiter, join } from 'node:path'

/** A redis-server that can be started. */
export interface RedisBinary {
  readonly path: string
  /** Where its own libraries are, when it is a downloaded copy. */
  readonly libraries: string | undefined
}

const SERVERS = ['redis-server', 'valkey-server']
/** Debian's and Ubuntu's packages; those that the release does not have are left out. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']
const LIBRARY_DIRS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/**
 * A redis-server or valkey-server from the PATH, or a copy under `cacheDir`, or one that apt-get downloads there,
 * without root and without installing anything. Undefined when there is no way to get one.
 */
export function findRedis(cacheDir: string): RedisBinary | undefined {
  return onPath() ?? cached(cacheDir) ?? download(cacheDir)
}

function onPath(): RedisBinary | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter)
  for (const name of SERVERS) {
    const directory = directories.find(each => each !== '' && existsSync(join(each, name)))
    if (directory !== undefined) return { path: join(directory, name), libraries: undefined }
  }
  return undefined
}

function cached(cacheDir: string): RedisBinary | undefined {
  const path = join(cacheDir, 'redis', 'usr', 'bin', 'redis-server')
  if (!existsSync(path)) return undefined
  return { path, libraries: join(cacheDir, 'redis', 'usr', 'lib', LIBRARY_DIRS[arch()] ?? '') }
}

function download(cacheDir: string): RedisBinary | undefined {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined
  process.stdout.write('Downloading Redis with apt-get into a private directory ...\n')
  mkdirSync(cacheDir, { recursive: true })
  const work = mkdtempSync(join(cacheDir, 'redis-download-'))
  try {
    unpackInto(work)
    // In one step, so that another start never sees half of it; whoever is second keeps the first one's.
    if (!existsSync(join(cacheDir, 'redis'))) renameSync(join(work, 'root'), join(cacheDir, 'redis'))
    return cached(cacheDir)
  } catch {
    return cached(cacheDir)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function unpackInto(work: string): void {
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
  for (const name of PACKAGES) spawnSync('apt-get', ['download', '-qq', name], options)
  for (const file of readdirSync(join(work, 'debs'))) {
    execFileSync('dpkg-deb', ['-x', join(work, 'debs', file), join(work, 'root')], { stdio: 'ignore' })
  }
}
