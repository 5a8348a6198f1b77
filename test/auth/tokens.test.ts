import { createHmac, generateKeyPairSync } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import t from 'tap'
import { Authenticator } from '../../src/auth/authenticator.ts'
import type { Scope } from '../../src/config.ts'
import { DomainError } from '../../src/errors.ts'
import { JWT_SECRET, SERVICE_TOKEN } from '../helper/gateway.ts'
import { serveKeys } from './jwks.ts'

const SCOPES = new Set<Scope>(['read'])
const HOUR_MS = 60 * 60 * 1_000
const authenticator = new Authenticator({
  jwtSecret: JWT_SECRET,
  jwksUrl: undefined,
  jwtIssuer: 'https://issuer.example',
  adminClaim: 'is_admin',
  serviceTokens: [{ name: 'bot', token: SERVICE_TOKEN, scopes: SCOPES }],
})
const CLAIMS = { sub: '42', iss: 'https://issuer.example' }

/** A token with any header and claims, signed with HMAC-SHA256 by default. */
function forge(
  header: object,
  claims: object,
  key: string | undefined = JWT_SECRET,
  hash = 'sha256',
): string {
  const input = [header, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = key === undefined ? '' : createHmac(hash, key).update(input).digest('base64url')
  return `${input}.${signature}`
}

/** With `exp` of the claims, or in an hour. */
const sign = (claims: object, options: object = {}) => {
  const expiry = 'exp' in claims ? {} : { expiresIn: HOUR_MS }
  return createSigner({ key: JWT_SECRET, ...expiry, ...options })({ ...CLAIMS, ...claims })
}
const seconds = (offset: number) => Math.floor(Date.now() / 1_000) + offset
const refused = (header: string | undefined, on = authenticator) =>
  on.authenticate(header).then(
    () => 'accepted',
    error => (error instanceof DomainError ? error.code : String(error)),
  )

t.test('tokens that are honest', async t => {
  const who = (token: string) => authenticator.authenticate(`Bearer ${token}`)
  const exp = seconds(5_000)
  const expiresAt = exp * 1_000
  t.strictSame(await who(sign({ exp })), { kind: 'user', id: '42', caller: '42', expiresAt })
  t.strictSame(await who(sign({ exp, role: 'admin' })), {
    kind: 'admin',
    id: '42',
    caller: 'admin:42',
    expiresAt,
  })
  t.strictSame(
    await who(forge({ alg: 'HS256' }, CLAIMS)),
    { kind: 'user', id: '42', caller: '42' },
    'a token without an end',
  )
  t.strictSame(await who(SERVICE_TOKEN), {
    kind: 'service',
    id: 'bot',
    caller: 'service:bot',
    scopes: SCOPES,
  })
  for (const role of ['Admin', 'ADMIN', 'admin ', ['admin'], { admin: true }, true, 1, null, 'user', '']) {
    t.equal((await who(sign({ role }))).kind, 'user', JSON.stringify(role))
  }
  t.match(
    await who(sign({ is_admin: true })),
    { kind: 'admin', caller: 'admin:42' },
    'the claim that is named',
  )
  for (const is_admin of ['true', 1, 'admin', [true], { true: true }, false, null]) {
    t.equal((await who(sign({ is_admin }))).kind, 'user', `is_admin: ${JSON.stringify(is_admin)}`)
  }
  t.equal((await who(sign({ admin: true, IS_ADMIN: true }))).kind, 'user', 'another claim')
  t.match(await who(sign({ nbf: seconds(2) })), { id: '42' }, 'clocks may differ by seconds')
  t.equal(await refused(`bearer   ${sign({ jti: 'x' })} `), 'accepted', 'RFC 9110: any case, spaces')
})

t.test('tokens that are not', async t => {
  const alg = { alg: 'HS256', typ: 'JWT' }
  const live = { ...CLAIMS, exp: seconds(3_600) }
  const [head, body, signature] = sign({}).split('.') as [string, string, string]
  const bad: Record<string, string | undefined> = {
    'no header': undefined,
    empty: '',
    'no token': 'Bearer',
    'another scheme': `Basic ${sign({})}`,
    'two tokens': `Bearer ${sign({})} ${sign({})}`,
    garbage: 'Bearer garbage',
    dots: 'Bearer ..',
    'not base64': 'Bearer !!.??.!!',
    'not JSON': `Bearer ${Buffer.from('x').toString('base64url')}.${body}.${signature}`,
    'header null': `Bearer ${Buffer.from('null').toString('base64url')}.${body}.${signature}`,
    '100 KB': `Bearer ${'a'.repeat(100 * 1024)}`,
    '100 KB, signed': `Bearer ${sign({ note: 'x'.repeat(100 * 1024) })}`,
    expired: `Bearer ${forge(alg, { ...CLAIMS, exp: seconds(-1) })}`,
    'exp is a text': `Bearer ${forge(alg, { ...CLAIMS, exp: String(seconds(3_600)) })}`,
    'not yet': `Bearer ${sign({ nbf: seconds(3_600) })}`,
    'alg none': `Bearer ${forge({ alg: 'none' }, live, undefined)}`,
    'alg None, signed': `Bearer ${forge({ alg: 'None' }, live)}`,
    'no alg': `Bearer ${forge({ typ: 'JWT' }, live)}`,
    HS512: `Bearer ${forge({ alg: 'HS512' }, live, JWT_SECRET, 'sha512')}`,
    'no signature': `Bearer ${head}.${body}.`,
    'two parts': `Bearer ${head}.${body}`,
    'wrong key': `Bearer ${forge(alg, live, `${JWT_SECRET}x`)}`,
    'empty key': `Bearer ${forge(alg, live, '')}`,
    'changed claims': `Bearer ${head}.${Buffer.from('{"sub":"1"}').toString('base64url')}.${signature}`,
    'changed signature': `Bearer ${head}.${body}.${signature.slice(0, -4)}AAAA`,
    'wrong issuer': `Bearer ${sign({ iss: 'https://issuer.example.evil' })}`,
    'issuer in a list': `Bearer ${sign({ iss: ['https://issuer.example', 'https://evil'] })}`,
    'no issuer': `Bearer ${forge(alg, { sub: '42', exp: seconds(3_600) })}`,
    'no sub': `Bearer ${forge(alg, { iss: CLAIMS.iss, exp: seconds(3_600) })}`,
    'sub is a number': `Bearer ${forge(alg, { ...live, sub: 42 })}`,
    'sub is empty': `Bearer ${forge(alg, { ...live, sub: '' })}`,
    'critical extension': `Bearer ${forge({ ...alg, crit: ['b64'], b64: false }, live)}`,
    'almost the service token': `Bearer ${SERVICE_TOKEN.slice(0, -1)}`,
    'service token and more': `Bearer ${SERVICE_TOKEN}x`,
    'service token in capitals': `Bearer ${SERVICE_TOKEN.toUpperCase()}`,
  }
  for (const [name, header] of Object.entries(bad)) t.equal(await refused(header), 'UNAUTHORIZED', name)
})

t.test('a sub that is no user id is named as such', async t => {
  for (const sub of ['@admin', 'a b', '-x', 'x'.repeat(65), 'a\u0000b', 'admin:7', 'é']) {
    for (const role of ['user', 'admin']) {
      t.equal(await refused(`Bearer ${sign({ sub, role })}`), 'INVALID_USER_ID', JSON.stringify(sub))
    }
  }
})

t.test('a verified token is not remembered beyond its end', async t => {
  const header = `Bearer ${forge({ alg: 'HS256' }, { ...CLAIMS, exp: seconds(1) })}`
  const { exp } = JSON.parse(Buffer.from(header.split('.')[1]!, 'base64url').toString())
  t.equal(await refused(header), 'accepted')
  t.ok(authenticator.known(header), 'remembered')
  await new Promise(resolve => setTimeout(resolve, exp * 1_000 - Date.now() + 1))
  t.equal(authenticator.known(header), undefined)
  t.equal(await refused(header), 'UNAUTHORIZED')
  const never = `Bearer ${forge({ alg: 'HS256' }, CLAIMS)}`
  t.equal(await refused(never), 'accepted', 'a token without an end')
})

t.test('published keys: RS256 and ES256, and no confusion of the two kinds', async t => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const url = await serveKeys(t, [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', alg: 'RS256', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1', alg: 'ES256', use: 'sig' },
  ])
  const published = new Authenticator({
    jwtSecret: JWT_SECRET,
    jwksUrl: url,
    jwtIssuer: undefined,
    adminClaim: undefined,
    serviceTokens: [],
  })
  const by = (key: typeof rsa.privateKey, algorithm: 'RS256' | 'ES256', kid: string) => {
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    return `Bearer ${createSigner({ key: pem, algorithm, kid, expiresIn: HOUR_MS })({ sub: '42' })}`
  }
  t.equal(await refused(by(rsa.privateKey, 'RS256', 'rsa-1'), published), 'accepted')
  t.equal(await refused(by(ec.privateKey, 'ES256', 'ec-1'), published), 'accepted')
  t.equal(await refused(`Bearer ${sign({})}`, published), 'accepted', 'beside the shared secret')
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  t.equal(await refused(by(other.privateKey, 'RS256', 'rsa-1'), published), 'UNAUTHORIZED', 'another key')
  t.equal(await refused(by(rsa.privateKey, 'RS256', 'rsa-2'), published), 'UNAUTHORIZED', 'unknown kid')
  for (const type of ['spki', 'pkcs1'] as const) {
    const pem = rsa.publicKey.export({ type, format: 'pem' }).toString()
    for (const alg of ['HS256', 'RS256']) {
      const token = forge({ alg, kid: 'rsa-1' }, { sub: '42', exp: seconds(3_600) }, pem)
      t.equal(
        await refused(`Bearer ${token}`, published),
        'UNAUTHORIZED',
        `${alg} signed with the public key`,
      )
    }
  }
  const onlySecret = new Authenticator({
    jwtSecret: JWT_SECRET,
    jwksUrl: undefined,
    jwtIssuer: undefined,
    adminClaim: undefined,
    serviceTokens: [],
  })
  t.equal(await refused(by(rsa.privateKey, 'RS256', 'rsa-1'), onlySecret), 'UNAUTHORIZED')
})
