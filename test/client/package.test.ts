import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { ROOT } from '../helper/readme.ts'
import { Project, packTarball } from './matrix/project.ts'

/** One cell of `npm run client:matrix`: plain JavaScript and the declarations, on the Node of the tests. */

const MAX_INSTALLED_BYTES = 5 * 1_024 * 1_024
const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))

t.test('the version is that of the gateway', async t => {
  t.equal(read('src/client/package.json').version, read('package.json').version)
  t.strictSame(Object.keys(read('src/client/package.json').dependencies), ['undici'])
})

t.test('the tarball works in a fresh project', async t => {
  const { gateway } = await startStack(t)
  const file = await packTarball(temporaryDirectory(t))
  const project = await Project.create(temporaryDirectory(t), file)
  t.strictSame(project.installed.sort(), ['settings-gateway-client', 'undici'])
  t.comment(`installed: ${Math.round(project.installedBytes / 1_024)} KB`)
  t.ok(project.installedBytes < MAX_INSTALLED_BYTES)
  project.writeMain('main.js', './program.js', 'plain', { url: gateway.url, token: SERVICE_TOKEN })
  t.equal(await project.run(process.execPath, ['main.js']), 'ok')

  const options = {
    module: 'nodenext',
    strict: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    noEmit: true,
    skipLibCheck: false,
  }
  project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['program.ts'] }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  t.equal(await project.run(process.execPath, [tsc, '--project', '.']), '')
})
