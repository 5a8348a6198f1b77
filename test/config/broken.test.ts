import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError, type Environment, loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'
import { BROKEN, SOUND } from './faults.ts'

const SERVER = join(import.meta.dirname, '../../src/server.ts')

t.test('the sound configuration is', async () => {
  loadConfig(SOUND)
})

for (const [name, { change, faults }] of Object.entries(BROKEN)) {
  t.test(name, async t => {
    const found = faultsOf({ ...SOUND, ...change })
    t.equal(found.length, faults.length, `${found}`)
    for (const [index, fault] of faults.entries()) t.match(found[index], fault)
  })
}

t.test('twenty-one faults at once, all named, and the process ends with 1', async t => {
  const broken = {
    ...SOUND,
    PORT: '99999',
    LOG_LEVEL: 'verbose',
    DATABASE_URL: 'mysql://root:UnmistakableHunter2@db/x',
    DATABASE_POOL_SIZE: '0',
    ON_DATABASE_OUTAGE: 'ignore',
    REDIS_URL: 'redis://:UnmistakablePassword@redis:6379',
    REDIS_POOL_SIZE: '1.5',
    REDIS_READ_TIMEOUT_MS: '1000',
    REDIS_SENTINELS: 's1:x',
    NEAR_CACHE_BYTES: '64M',
    LEASE_RENEW_MS: '300',
    OFF_WAIT_MS: '1000',
    FENCE_TIMEOUT_MS: '750',
    JWT_SECRET: 'UnmistakableShort',
    JWKS_URL: 'http://idp/keys',
    SERVICE_TOKENS: 'bot=UnmistakableToken',
    AUTO_PROVISION: 'yes',
    CORS_ORIGINS: 'ui.example.com',
    TRUST_PROXY: 'nginx',
    BODY_LIMIT_BYTES: '4096',
    SHUTDOWN_TIMEOUT_MS: '3000',
  }
  const expected = faultsOf(broken)
  for (const name of Object.keys(broken).filter(name => broken[name as 'PORT'] !== SOUND[name]))
    t.ok(
      expected.some(fault => fault.includes(name)),
      `${name}: ${expected}`,
    )
  const { code, output } = await runNode([SERVER], { env: broken, cwd: temporaryDirectory(t) })
  t.equal(code, 1)
  for (const fault of expected) t.match(output, `- ${fault}\n`)
  t.notMatch(output, /Unmistakable/, 'no secret is printed')
  t.notMatch(output, /\bat .*\.ts:/, 'nor a stack')
})

t.test('the .env file of the working directory is read, and is under the environment', async t => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, '.env'), 'PORT=one\nLEASE_MS=two\n')
  const { code, output } = await runNode([SERVER], { env: { ...SOUND, PORT: 'three' }, cwd: directory })
  t.equal(code, 1)
  t.match(output, 'LEASE_MS must be integer, is "two"')
  t.match(output, 'PORT must be integer, is "three"')
})

function faultsOf(env: Environment): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}
