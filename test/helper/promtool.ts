import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages } from '../../src/dev/debian-packages.ts'
import { findOnPath } from '../../src/dev/redis-binary.ts'

const CACHE = join(import.meta.dirname, '../../.data')

/** promtool from the PATH, or of Debian's package prometheus in a private directory. Undefined = there is none. */
export function findPromtool(): string | undefined {
  const found = findOnPath('promtool')
  if (found !== undefined) return found
  const unpacked = debianPackages(CACHE, 'prometheus', ['prometheus'])
  const path = join(unpacked?.root ?? '', 'usr/bin/promtool')
  return unpacked !== undefined && existsSync(path) ? path : undefined
}

/** Runs promtool; what it said, and whether it was content. */
export function runPromtool(path: string, ...args: readonly string[]): { ok: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' })
  return { ok: status === 0, output: `${stdout}${stderr}` }
}
