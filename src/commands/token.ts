import { createSigner } from 'fast-jwt'
import { withSecrets } from '../config/development-secrets.ts'
import { withSecretFiles } from '../config/secret-files.ts'
import { type Environment, readEnvironment } from '../config.ts'
import { isUserId } from '../documents/user-id.ts'
import { commandLine, endWithUsage } from './command-line.ts'

/**
 * `npm run token`: a token from JWT_SECRET, or from the development secret that `npm start` uses when nothing is set.
 * The token alone is on the standard output; the sentence about it is on the other stream.
 */

const HOUR_MS = 60 * 60 * 1_000

const { values } = commandLine({
  command: 'npm run token --',
  summary: 'Makes a token for the API and for /ops, signed with JWT_SECRET.',
  options: {
    admin: { type: 'boolean', default: false, help: 'With the role admin.' },
    user: { type: 'string', value: 'ID', help: 'User that the token speaks for; admin or 42 if not given.' },
    hours: { type: 'string', value: 'N', default: '12', minimum: 1, help: 'How long it is valid.' },
  },
})
const { admin, hours, user = admin ? 'admin' : '42' } = values
if (!isUserId(user))
  endWithUsage('--user must be 1 to 64 letters, digits and _ . @ -, beginning with a letter or digit')
const faults: string[] = []
const env: Environment = withSecretFiles(withSecrets(readEnvironment()), faults)
const secret = env.JWT_SECRET?.trim()
if (faults.length > 0) fail(faults.join('\n'))
if (!secret) fail('JWT_SECRET is not set: tokens come from the issuer whose keys JWKS_URL names')
const issuer = env.JWT_ISSUER?.trim()
const sign = createSigner({
  key: secret,
  algorithm: 'HS256',
  expiresIn: Number(hours) * HOUR_MS,
  ...(issuer ? { iss: issuer } : {}),
})
process.stderr.write(`Token of ${user}${admin ? ', admin' : ''}, valid for ${hours} hours:\n`)
process.stdout.write(`${sign({ sub: user, ...(admin ? { role: 'admin' } : {}) })}\n`)

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
