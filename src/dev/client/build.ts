import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { declarations } from './declarations.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../../..')
const SOURCES = join(ROOT, 'src/client')

const OPTIONS = {
  // What Node 20 runs.
  target: 'es2022',
  lib: ['es2023'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  rewriteRelativeImportExtensions: true,
  declaration: true,
  stripInternal: true,
  outDir: 'dist',
  rootDir: '.',
}

/** Builds JavaScript and declarations of the client into `outDir`, which is replaced. */
export async function buildClient(outDir: string): Promise<void> {
  // Inside the repository, so that the compiler finds undici and the types of Node.
  await mkdir(join(ROOT, '.data'), { recursive: true })
  const stage = await mkdtemp(join(ROOT, '.data/client-build-'))
  try {
    const names = (await readdir(SOURCES)).filter(name => name.endsWith('.ts'))
    for (const name of names) await cp(join(SOURCES, name), join(stage, name))
    await writeFile(join(stage, 'gateway-types.ts'), declarations())
    await writeFile(join(stage, 'package.json'), JSON.stringify({ type: 'module' }))
    await writeFile(join(stage, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: names }))
    await compile(stage)
    for (const name of names) await nameDeclarationsAsBuilt(join(stage, 'dist', name.replace(/ts$/, 'd.ts')))
    await rm(outDir, { recursive: true, force: true })
    await cp(join(stage, 'dist'), outDir, { recursive: true })
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

async function compile(stage: string): Promise<void> {
  try {
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', stage])
  } catch (error) {
    throw new Error(`the client does not compile:\n${(error as { stdout?: string }).stdout}`, {
      cause: error,
    })
  }
}

/** The compiler rewrites `./x.ts` in JavaScript only. */
async function nameDeclarationsAsBuilt(path: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replaceAll(/((?:from |import\()'\.\/[\w-]+)\.ts'/g, "$1.js'"))
}
