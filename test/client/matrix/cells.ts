import { join } from 'node:path'
import type { Project, Target } from './project.ts'

/** One way of using the package. Rejects when it does not work. */
export interface Cell {
  readonly name: string
  readonly run: () => Promise<void>
}

/** The path of a Node of that major version. */
export type Nodes = (major: number) => string

export const NODE_MAJORS = [20, 22, 24]
const RESOLUTIONS = ['nodenext', 'bundler']
/** undici is CommonJS: esbuild needs this in ESM for the built-in modules, as for every such package. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

/** Plain JavaScript, ESM and CommonJS, on every Node. */
export function scriptCells(project: Project, node: Nodes, target: Target): Cell[] {
  return NODE_MAJORS.flatMap(major => {
    const esm = async () => {
      project.writeMain('main.js', './program.js', `script-${major}`, target)
      isOk(await project.run(node(major), ['main.js']))
    }
    const commonjs = async () => {
      const load = major === 20 ? 'await import' : 'require'
      const say = "console.log(typeof SettingsClient === 'function' ? 'ok' : 'no')"
      const text = `async function main() { const { SettingsClient } = ${load}('settings-gateway-client'); ${say} }\nmain()\n`
      project.write('main.cjs', text)
      isOk(await project.run(node(major), ['main.cjs']))
    }
    return [
      { name: `JavaScript, Node ${major}`, run: esm },
      { name: `CommonJS, Node ${major}`, run: commonjs },
    ]
  })
}

/** TypeScript 5 and 7, each way of finding modules, strict and not; what comes out runs on Node 20. */
export function compilerCells(project: Project, node: Nodes, target: Target): Cell[] {
  const cells: Cell[] = []
  for (const compiler of ['typescript5', 'typescript7']) {
    for (const resolution of RESOLUTIONS) {
      for (const strict of [true, false]) {
        const name = `${compiler}, ${resolution}, ${strict ? 'strict' : 'not strict'}`
        const run = async () => {
          const out = name.replaceAll(/\W+/g, '-')
          project.writeMain('main.ts', './program.js', out, target)
          project.write('tsconfig.json', JSON.stringify(compilerOptions(resolution, strict, out)))
          const tsc = join(project.directory, 'node_modules', compiler, 'bin/tsc')
          await project.run(node(24), [tsc, '--project', '.'])
          isOk(await project.run(node(20), [join(out, 'main.js')]))
        }
        cells.push({ name, run })
      }
    }
  }
  return cells
}

function compilerOptions(resolution: string, strict: boolean, outDir: string): object {
  const more = { exactOptionalPropertyTypes: strict, noUncheckedIndexedAccess: strict }
  const module = resolution === 'nodenext' ? 'nodenext' : 'es2022'
  return {
    compilerOptions: {
      ...more,
      strict,
      module,
      moduleResolution: resolution,
      target: 'es2022',
      types: ['node'],
      skipLibCheck: false,
      rootDir: '.',
      outDir,
    },
    files: ['main.ts', 'program.ts'],
  }
}

/** Bundles that hold everything, and test runners. */
export function toolCells(project: Project, node: Nodes, target: Target): Cell[] {
  const main = (userId: string) => project.writeMain('main.js', './program.js', userId, target)
  const esbuild = (format: string, outfile: string, banner: readonly string[]): Cell => ({
    name: `esbuild, ${format}`,
    run: async () => {
      main(`esbuild-${format}`)
      const options = ['--bundle', '--platform=node', '--target=node20', `--format=${format}`, ...banner]
      await project.run(project.bin('esbuild'), ['main.js', ...options, `--outfile=${outfile}`])
      isOk(await project.run(node(20), [outfile]))
    },
  })
  const vite = async () => {
    main('vite')
    const build = { ssr: 'main.js', outDir: 'vite', target: 'node20' }
    const config = { build, ssr: { noExternal: true }, logLevel: 'error' }
    project.write('vite.config.js', `export default ${JSON.stringify(config)}\n`)
    await project.run(node(24), [join(project.directory, 'node_modules/vite/bin/vite.js'), 'build'])
    isOk(await project.run(node(20), ['vite/main.js']))
  }
  const jest = (major: number): Cell => ({
    name: `Jest, Node ${major}`,
    run: async () => {
      project.write('jest/client.test.js', testFile(`jest-${major}`, target, ''))
      project.write('jest.config.json', JSON.stringify({ transform: {}, roots: ['jest'] }))
      const bin = join(project.directory, 'node_modules/jest/bin/jest.js')
      await project.run(node(major), [bin, '--config', 'jest.config.json'], '--experimental-vm-modules')
    },
  })
  const vitest = async () => {
    const imports = "import { expect, test } from 'vitest'\n"
    project.write('vitest/client.test.js', testFile('vitest', target, imports))
    await project.run(node(24), [
      join(project.directory, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--dir',
      'vitest',
    ])
  }
  return [
    esbuild('esm', 'bundle.mjs', [`--banner:js=${REQUIRE}`]),
    esbuild('cjs', 'bundle.cjs', []),
    { name: 'Vite', run: vite },
    ...NODE_MAJORS.map(jest),
    { name: 'Vitest', run: vitest },
  ]
}

function testFile(userId: string, { url, token }: Target, imports: string): string {
  const args = [url, token, userId].map(value => JSON.stringify(value)).join(', ')
  return [
    `${imports}import { tryClient } from '../program.js'`,
    `test('the client', async () => { expect(await tryClient(${args})).toBe('ok') }, 20_000)`,
    '',
  ].join('\n')
}

function isOk(output: string): void {
  if (output !== 'ok') throw new Error(`it printed ${output}`)
}
