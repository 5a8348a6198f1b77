import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandLine, endWithUsage } from '../../commands/command-line.ts'
import { buildClient } from './build.ts'
import { packClient } from './pack.ts'

const DIST = join(import.meta.dirname, '../../client/dist')

const { values, positionals } = commandLine({
  command: 'npm run client:pack --',
  summary: 'Builds the package settings-gateway-client; in src/client, `npm pack` does the same.',
  positionals: '[pack | build | clean]',
  options: {
    out: {
      type: 'string',
      value: 'DIRECTORY',
      help: 'Of the tarball; a new temporary directory if not given.',
    },
  },
})
const [command = 'pack'] = positionals
if (!['pack', 'build', 'clean'].includes(command))
  endWithUsage(`there is no ${command}: pack, build or clean`)
if (command === 'build') await buildClient(DIST)
else if (command === 'clean') await rm(DIST, { recursive: true, force: true })
else {
  const out = values.out ?? (await mkdtemp(join(tmpdir(), 'settings-gateway-client-')))
  const { file, unpackedBytes } = await packClient(out)
  process.stdout.write(`${file}\n${Math.round(unpackedBytes / 1_024)} KB unpacked\n`)
}
