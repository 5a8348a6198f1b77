import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { debianPackages } from './debian-packages.ts'

/** A redis-server that can be started. */
export interface RedisBinary {
  readonly path: string
  /** Where its own libraries are, when it is a downloaded copy. */
  readonly libraries: string | undefined
}

const SERVERS = ['redis-server', 'valkey-server']
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

/**
 * A redis-server or valkey-server from the PATH, or a copy under `cacheDir`, or one that apt-get downloads there,
 * without root and without installing anything. Undefined when there is no way to get one.
 */
export function findRedis(cacheDir: string): RedisBinary | undefined {
  return onPath() ?? privateCopy(cacheDir)
}

function onPath(): RedisBinary | undefined {
  for (const name of SERVERS) {
    const path = findOnPath(name)
    if (path !== undefined) return { path, libraries: undefined }
  }
  return undefined
}

/** The file of a program on the PATH. */
export function findOnPath(name: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter)
  const directory = directories.find(each => each !== '' && existsSync(join(each, name)))
  return directory === undefined ? undefined : join(directory, name)
}

function privateCopy(cacheDir: string): RedisBinary | undefined {
  const found = debianPackages(cacheDir, 'redis', PACKAGES)
  if (found === undefined) return undefined
  const path = join(found.root, 'usr', 'bin', 'redis-server')
  return existsSync(path) ? { path, libraries: found.libraries } : undefined
}
