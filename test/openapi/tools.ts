import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../helper/readme.ts'
import { PROGRAMS } from './programs.ts'
import { runTool } from './run-tool.ts'

/** Heavy, so they are no dependencies of this project. Exact: a newer one may insist on more. */
const PACKAGES = [
  '@redocly/cli@2.77.0',
  '@stoplight/spectral-cli@6.16.3',
  'openapi-typescript@7.13.0',
  'openapi-fetch@0.17.0',
  '@hey-api/openapi-ts@0.99.0',
  'orval@8.38.0',
  'swagger-typescript-api@13.13.0',
  'typescript@5.9.3',
  '@types/node@24.19.2',
  'esbuild@0.28.2',
]
const INSTALL = ['install', '--save-exact', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
const TYPE_CHECK = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'esnext']
const LIBRARIES = ['--moduleResolution', 'bundler', '--lib', 'es2023,dom,dom.iterable', '--types', 'node']

/** The tools in a directory of their own, with a copy of openapi/openapi.json. */
export class Tools {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Rejects with what npm wrote. */
  static async install(directory: string): Promise<Tools> {
    const tools = new Tools(directory)
    tools.#write('package.json', JSON.stringify({ name: 'openapi-tools', private: true, type: 'module' }))
    copyFileSync(join(ROOT, 'openapi/openapi.json'), join(directory, 'openapi.json'))
    await runTool('npm', [...INSTALL, ...PACKAGES], directory)
    return tools
  }

  /** Rejects at the first warning. */
  async redocly(): Promise<void> {
    const args = ['lint', '--extends', 'recommended', '--format', 'json', 'openapi.json']
    const output = await this.#run('redocly', args)
    const { totals, problems } = JSON.parse(output.slice(output.indexOf('{')))
    if (totals.errors + totals.warnings > 0) throw new Error(JSON.stringify(problems, null, 2))
  }

  /** Rejects at the first warning. */
  async spectral(): Promise<void> {
    this.#write('.spectral.json', JSON.stringify({ extends: ['spectral:oas'] }))
    await this.#run('spectral', [
      'lint',
      '--fail-severity',
      'hint',
      '--ruleset',
      '.spectral.json',
      'openapi.json',
    ])
  }

  /** The clients, below `generated`; those of orval call `url`. */
  async generate(url: string): Promise<void> {
    const to = (name: string) => `generated/${name}`
    mkdirSync(join(this.#directory, 'generated'))
    await this.#run('openapi-typescript', ['openapi.json', '--output', to('openapi-typescript.ts')])
    await this.#run('openapi-ts', ['-i', 'openapi.json', '-o', to('hey-api'), '-c', '@hey-api/client-fetch'])
    const output = { target: to('orval.ts'), client: 'fetch', mode: 'single', baseUrl: url }
    const config = { gateway: { input: 'openapi.json', output } }
    this.#write('orval.config.mjs', `export default ${JSON.stringify(config)}`)
    await this.#run('orval', ['--config', 'orval.config.mjs'])
    const swagger = ['generate', '-p', 'openapi.json', '-o', 'generated', '-n', 'swagger-typescript-api.ts']
    await this.#run('swagger-typescript-api', swagger)
  }

  /** Writes the programs, and compiles them with the clients under them. */
  async compile(): Promise<void> {
    for (const [name, text] of Object.entries(PROGRAMS)) this.#write(`${name}.ts`, text)
    const files = Object.keys(PROGRAMS).map(name => `${name}.ts`)
    await this.#run('tsc', [...TYPE_CHECK, ...LIBRARIES, ...files])
    const bundle = ['--bundle', '--platform=node', '--format=esm', '--outdir=built', '--log-level=warning']
    await this.#run('esbuild', [...bundle, '--out-extension:.js=.mjs', ...files])
  }

  /** What the program of the generator printed. */
  call(name: string, env: Readonly<Record<string, string>>): Promise<string> {
    return runTool(process.execPath, [`built/${name}.mjs`], this.#directory, env)
  }

  #run(tool: string, args: readonly string[]): Promise<string> {
    return runTool(join(this.#directory, 'node_modules/.bin', tool), args, this.#directory)
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#directory, name), text)
  }
}
