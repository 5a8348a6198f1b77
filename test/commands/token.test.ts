import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier } from 'fast-jwt'
import t from 'tap'
import { DEVELOPMENT_JWT_SECRET, type Environment } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { runNode } from '../helper/node-process.ts'

const TOKEN = join(import.meta.dirname, '../../src/commands/token.ts')
const SECRET = 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8'

const make = (t: Parameters<typeof temporaryDirectory>[0], args: readonly string[], env: Environment = {}) =>
  runNode([TOKEN, ...args], { cwd: temporaryDirectory(t), env })
const claims = (output: string, key: string) => createVerifier({ key })(output.trim().split('\n').at(-1)!)

t.test('of the development secret when nothing is set, as npm start takes it', async t => {
  const { code, output } = await make(t, [])
  t.equal(code, 0, output)
  const { sub, role, iss, iat, exp } = claims(output, DEVELOPMENT_JWT_SECRET)
  t.strictSame([sub, role, iss, exp - iat], ['42', undefined, undefined, 12 * 3_600])
})

t.test('of an admin, for some hours, with the issuer that the gateway wants', async t => {
  const { output } = await make(t, ['--admin', '--user', 'carol', '--hours', '2'], {
    JWT_SECRET: SECRET,
    JWT_ISSUER: 'https://idp.example',
  })
  const { sub, role, iss, iat, exp } = claims(output, SECRET)
  t.strictSame([sub, role, iss, exp - iat], ['carol', 'admin', 'https://idp.example', 2 * 3_600])
})

t.test('of a secret in a file', async t => {
  const file = join(temporaryDirectory(t), 'secret')
  writeFileSync(file, `${SECRET}\n`)
  t.equal(claims((await make(t, ['--admin'], { JWT_SECRET_FILE: file })).output, SECRET).sub, 'admin')
})

t.test('what is wrong is one sentence', async t => {
  const wrong: readonly [args: readonly string[], env: Environment, code: number, says: RegExp][] = [
    [['--hours', '0'], {}, 2, /^--hours must be a whole number from 1 on, is "0"\n$/],
    [['--hours', '1.5'], {}, 2, /^--hours must be a whole number/],
    [['--user', 'a/b'], {}, 2, /^--user must be 1 to 64 letters[^\n]*\n$/],
    [['--role', 'admin'], {}, 2, /^Unknown option '--role'; see `npm run token -- --help`\n$/],
    [['admin'], {}, 2, /^Unexpected argument 'admin'[^\n]*\n$/],
    [[], { JWKS_URL: 'https://idp/keys' }, 1, /^JWT_SECRET is not set[^\n]*\n$/],
    [[], { JWT_SECRET_FILE: '/nowhere' }, 1, /^JWT_SECRET_FILE: \/nowhere cannot be read[^\n]*\n$/],
  ]
  for (const [args, env, code, says] of wrong)
    t.match(await make(t, args, env), { code, output: says }, args.join(' '))
})
