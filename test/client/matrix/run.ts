import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandLine } from '../../../src/commands/command-line.ts'
import { temporaryDirectory } from '../../helper/backends.ts'
import { SERVICE_TOKEN, startStack } from '../../helper/gateway.ts'
import { withScope } from '../../load/scope.ts'
import { type Cell, compilerCells, NODE_MAJORS, scriptCells, toolCells } from './cells.ts'
import { Project, packTarball } from './project.ts'

const COMPILERS = ['typescript5@npm:typescript@5.9.3', 'typescript7@npm:typescript@7.0.2', '@types/node@20']
const TOOLS = ['esbuild@0.28.2', 'vite@8.3.8', 'jest@30.5.2', 'vitest@5.1.1']
const MAX_INSTALLED_BYTES = 5 * 1_024 * 1_024

const { values } = commandLine({
  command: 'npm run client:matrix --',
  summary: `Tries the tarball of the client in fresh projects against a real gateway: Node ${NODE_MAJORS.join(', ')}, TypeScript 5 and 7,
esbuild, Vite, Jest, Vitest. Installs them from the npm registry; ends with 1 when one does not work.`,
  options: {
    only: { type: 'string', value: 'TEXT', default: '', help: 'Only the cells whose names hold this.' },
  },
})
await withScope(async scope => {
  const directory = temporaryDirectory(scope)
  const at = (name: string) => {
    mkdirSync(join(directory, name, 'jest'), { recursive: true })
    mkdirSync(join(directory, name, 'vitest'), { recursive: true })
    return join(directory, name)
  }
  const tarball = await packTarball(at('tarball'))
  const { gateway } = await startStack(scope)
  const target = { url: gateway.url, token: SERVICE_TOKEN }
  const nodes = await Project.create(
    at('nodes'),
    tarball,
    NODE_MAJORS.map(major => `node${major}@npm:node-linux-${process.arch}@${major}`),
  )
  const node = (major: number) => join(nodes.directory, `node_modules/node${major}/bin/node`)

  const bare = await Project.create(at('bare'), tarball)
  const kilobytes = Math.round(bare.installedBytes / 1_024)
  process.stdout.write(`installed: ${bare.installed.join(', ')}: ${kilobytes} KB\n`)
  if (bare.installedBytes > MAX_INSTALLED_BYTES) process.exitCode = 1
  const cells = [
    ...scriptCells(bare, node, target),
    ...compilerCells(await Project.create(at('compilers'), tarball, COMPILERS), node, target),
    ...toolCells(await Project.create(at('tools'), tarball, TOOLS), node, target),
  ].filter(({ name }) => name.includes(values.only))
  let passed = 0
  for (const cell of cells) if (await works(cell)) passed++
  process.stdout.write(`${passed} passed, ${cells.length - passed} failed\n`)
  if (passed < cells.length || cells.length === 0) process.exitCode = 1
})

async function works({ name, run }: Cell): Promise<boolean> {
  try {
    await run()
    process.stdout.write(`passed: ${name}\n`)
    return true
  } catch (error) {
    process.stdout.write(`FAILED: ${name}\n${(error as Error).message}\n`)
    return false
  }
}
