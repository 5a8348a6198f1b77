import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SECRET_VARIABLES } from '../../src/config/variables.ts'
import { ConfigError, type Environment, loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { SOUND } from './faults.ts'

const SECRETS: Environment = {
  DATABASE_URL: 'postgres://gateway@db.internal:5432/gateway',
  DATABASE_PASSWORD: 's7Qk2vLx9wPz@/:%tRb',
  REDIS_URL: undefined,
  REDIS_HOST: 'redis.internal',
  REDIS_PASSWORD: 'pR7nBc5mYd8J',
  JWT_SECRET: SOUND.JWT_SECRET,
  SERVICE_TOKENS: SOUND.SERVICE_TOKENS,
}

t.test('every secret can come from a file, as its value can', async t => {
  const directory = temporaryDirectory(t)
  for (const end of ['', '\n', '\r\n']) {
    const fromFiles: Record<string, string | undefined> = { ...SOUND, ...SECRETS }
    for (const name of SECRET_VARIABLES) {
      const value = SECRETS[name]
      if (value === undefined) continue
      const file = join(directory, name)
      writeFileSync(file, value + end)
      delete fromFiles[name]
      fromFiles[`${name}_FILE`] = file
    }
    t.strictSame(loadConfig(fromFiles), loadConfig({ ...SOUND, ...SECRETS }), JSON.stringify(end))
  }
})

t.test('the password of the database is in its URL, whatever is in it', async t => {
  const { url } = loadConfig({ ...SOUND, ...SECRETS }).database
  t.equal(decodeURIComponent(new URL(url).password), SECRETS.DATABASE_PASSWORD)
})

t.test('REDIS_URL from a file', async t => {
  const file = join(temporaryDirectory(t), 'url')
  writeFileSync(file, '\uFEFFrediss://:pR7nBc5mYd8J@cache:6380/2\n')
  const { target } = loadConfig({ ...SOUND, REDIS_HOST: '', REDIS_URL_FILE: file }).redis
  t.match(target, { server: { host: 'cache', port: 6380 }, db: 2, tls: true, password: 'pR7nBc5mYd8J' })
})

t.test('faults name the variable and the file, and nothing of what is in it', async t => {
  const file = join(temporaryDirectory(t), 'secret')
  const faultsOf = (content: string) => {
    writeFileSync(file, content)
    try {
      loadConfig({ ...SOUND, JWT_SECRET: '', JWT_SECRET_FILE: file, JWKS_URL: 'https://idp/keys' })
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.faults
      throw error
    }
  }
  t.strictSame(faultsOf('\n'), [`JWT_SECRET_FILE: ${file} is empty`])
  t.strictSame(faultsOf('UnmistakableShort'), ['JWT_SECRET must have at least 32 bytes'])
  t.strictSame(faultsOf('x'.repeat(100_000)), [`JWT_SECRET_FILE: ${file} is larger than 65536 bytes`])
})
