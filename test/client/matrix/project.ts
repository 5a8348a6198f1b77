import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../helper/readme.ts'

const run = promisify(execFile)
const PROGRAM = readFileSync(join(import.meta.dirname, 'program.ts'), 'utf8')

const MAX_OUTPUT_BYTES = 64 * 1_024 * 1_024

/** What the programs need to call the gateway. */
export interface Target {
  readonly url: string
  readonly token: string
}

/** A project in a directory of its own, outside the repository, as a caller has it. */
export class Project {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Installs the tarball and `packages` into an empty directory. */
  static async create(
    directory: string,
    tarball: string,
    packages: readonly string[] = [],
  ): Promise<Project> {
    const project = new Project(directory)
    project.write('package.json', JSON.stringify({ name: 'caller', private: true, type: 'module' }))
    const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    await project.run('npm', ['install', ...quick, tarball, ...packages])
    project.write('program.ts', PROGRAM)
    project.write('program.js', stripTypeScriptTypes(PROGRAM))
    return project
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text)
  }

  /** Writes the program that tries the client as this user and prints what came of it. `from`: where it is. */
  writeMain(name: string, from: string, userId: string, { url, token }: Target): void {
    const args = [url, token, userId].map(value => JSON.stringify(value)).join(', ')
    this.write(name, `import { tryClient } from '${from}'\ntryClient(${args}).then(console.log)\n`)
  }

  /** What the command wrote. Rejects with all it wrote when it failed. */
  run(command: string, args: readonly string[], nodeOptions?: string): Promise<string> {
    return runPlainly(command, args, this.directory, nodeOptions)
  }

  bin(name: string): string {
    return join(this.directory, 'node_modules/.bin', name)
  }

  /** Bytes of everything that was installed. */
  get installedBytes(): number {
    const names = readdirSync(join(this.directory, 'node_modules'), { recursive: true }) as string[]
    const sizes = names.map(name => statSync(join(this.directory, 'node_modules', name)))
    return sizes.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
  }

  /** Names of the packages that were installed. */
  get installed(): string[] {
    return readdirSync(join(this.directory, 'node_modules')).filter(name => !name.startsWith('.'))
  }
}

/** Makes the tarball in `directory` as a maintainer does; resolves to its path. */
export async function packTarball(directory: string): Promise<string> {
  const output = await runPlainly(
    process.execPath,
    ['src/dev/client/main.ts', 'pack', '--out', directory],
    ROOT,
  )
  return output.split('\n')[0]!
}

/** Through env(1): tap puts its own loaders into the NODE_OPTIONS of every child. */
async function runPlainly(
  command: string,
  args: readonly string[],
  cwd: string,
  nodeOptions?: string,
): Promise<string> {
  const options = nodeOptions === undefined ? ['-u', 'NODE_OPTIONS'] : [`NODE_OPTIONS=${nodeOptions}`]
  try {
    const { stdout } = await run('env', [...options, command, ...args], { cwd, maxBuffer: MAX_OUTPUT_BYTES })
    return stdout.trim()
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
