import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SECRET_VARIABLES, type VariableName } from '../../src/config/variables.ts'
import { loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { ROOT } from '../helper/readme.ts'

const unit = readFileSync(join(ROOT, 'deploy/systemd/settings-gateway.service'), 'utf8')
const valuesOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!)

t.test('the unit starts what is there, with secrets that systemd hands over', async t => {
  const [directory] = valuesOf('WorkingDirectory')
  const [start = ''] = valuesOf('ExecStart')
  const [node = '', file = ''] = start.split(' ')
  t.ok(node.startsWith(`${directory}/node_modules/.bin/`))
  t.ok(existsSync(join(ROOT, file)), file)
  const credentials = new Set(valuesOf('LoadCredential').map(value => value.split(':')[0]!))
  const files = temporaryDirectory(t)
  const env: Record<string, string> = {
    DATABASE_URL: 'postgres://gateway@127.0.0.1/gateway',
    REDIS_HOST: '127.0.0.1',
  }
  for (const [name = '', value = ''] of valuesOf('Environment').map(text => text.split('='))) {
    env[name] = value.replace('%d', files)
    if (!name.endsWith('_FILE')) continue
    t.ok(SECRET_VARIABLES.has(name.slice(0, -'_FILE'.length) as VariableName), name)
    t.ok(credentials.delete(value.replace('%d/', '')), `${name} is a credential`)
    writeFileSync(
      env[name],
      name.startsWith('SERVICE')
        ? `bot=${'Aw4Sx7Dc1Fv8Gb3H'.repeat(3)}\n`
        : 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8\n',
    )
  }
  t.strictSame([...credentials], [], 'every credential is used')
  const { shutdown } = loadConfig(env)
  t.ok(Number(valuesOf('TimeoutStopSec')[0]) * 1_000 > shutdown.timeoutMs)
})

const verify = spawnSync('systemd-analyze', ['--version']).status === 0
const skip = !verify && 'no systemd here'

t.test('systemd accepts it', { skip }, async t => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'settings-gateway.service')
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`))
  const { stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
  t.notMatch(stderr, /settings-gateway\.service:\d+: /, stderr)
})
