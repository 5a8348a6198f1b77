import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildClient } from './build.ts'
import { packClient } from './pack.ts'

const USAGE = `Builds the package settings-gateway-client.

  npm run client:pack [-- --out DIRECTORY]   its tarball, into a new temporary directory if none is given

In src/client, \`npm pack\` does the same with \`build\` and \`clean\`, into dist/ beside the sources.
`

const DIST = join(import.meta.dirname, '../../client/dist')

const { values, positionals } = parseArgs({
  options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  allowPositionals: true,
})
const [command = 'pack'] = positionals
if (values.help || !['pack', 'build', 'clean'].includes(command)) {
  process.stdout.write(USAGE)
  process.exitCode = values.help ? 0 : 1
} else if (command === 'build') await buildClient(DIST)
else if (command === 'clean') await rm(DIST, { recursive: true, force: true })
else {
  const out = values.out ?? (await mkdtemp(join(tmpdir(), 'settings-gateway-client-')))
  const { file, unpackedBytes } = await packClient(out)
  process.stdout.write(`${file}\n${Math.round(unpackedBytes / 1_024)} KB unpacked\n`)
}
