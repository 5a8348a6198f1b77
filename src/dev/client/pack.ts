import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { buildClient } from './build.ts'

const run = promisify(execFile)
const PACKAGE = join(import.meta.dirname, '../../client')

export interface ClientPackage {
  /** Path of the tarball. */
  readonly file: string
  /** Bytes of the files in it. */
  readonly unpackedBytes: number
}

/** Builds the client and makes its tarball in `outDir`; nothing is left in the repository. */
export async function packClient(outDir: string): Promise<ClientPackage> {
  const stage = await mkdtemp(join(tmpdir(), 'settings-gateway-client-'))
  try {
    await buildClient(join(stage, 'dist'))
    for (const name of ['README.md', 'LICENSE']) await cp(join(PACKAGE, name), join(stage, name))
    // The scripts build where the sources are: here everything is built.
    const { scripts: _, ...manifest } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'))
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await mkdir(outDir, { recursive: true })
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', resolve(outDir)], {
      cwd: stage,
    })
    const [{ filename, unpackedSize }] = JSON.parse(stdout)
    return { file: join(resolve(outDir), filename), unpackedBytes: unpackedSize }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}
