import t from 'tap'
import { isSet, withSecrets } from '../../src/config/development-secrets.ts'
import { DEVELOPMENT_JWT_SECRET } from '../../src/config.ts'

t.test('the development secrets are there only when nothing else is', async t => {
  t.equal(withSecrets({}).JWT_SECRET, DEVELOPMENT_JWT_SECRET)
  t.equal(withSecrets({ JWT_SECRET: '', SERVICE_TOKENS: ' ' }).JWT_SECRET, DEVELOPMENT_JWT_SECRET)
  for (const own of [{ JWT_SECRET: 'mine' }, { JWKS_URL: 'https://keys' }, { SERVICE_TOKENS: 'bot=mine' }]) {
    const env = { JWT_SECRET: '', JWKS_URL: '', SERVICE_TOKENS: '', ...own }
    t.equal(withSecrets(env), env, 'an empty variable before the one that is set changes nothing')
  }
})

t.test('an empty variable is not set', async t => {
  t.equal(isSet({ REDIS_URL: '', REDIS_HOST: 'redis' }, 'REDIS_URL', 'REDIS_HOST'), true)
  t.equal(isSet({ REDIS_URL: '', REDIS_HOST: ' ' }, 'REDIS_URL', 'REDIS_HOST'), false)
  t.equal(isSet({}, 'REDIS_URL'), false)
})
