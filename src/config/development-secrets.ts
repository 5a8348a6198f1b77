import { DEVELOPMENT_JWT_SECRET, DEVELOPMENT_SERVICE_TOKEN, type Environment } from '../config.ts'
import { fileVariable } from './secret-files.ts'

/** The environment, with the development secrets when it names no way to authenticate at all. */
export function withSecrets(env: Environment): Environment {
  if (isSet(env, 'JWT_SECRET', 'JWKS_URL', 'SERVICE_TOKENS')) return env
  return { ...env, JWT_SECRET: DEVELOPMENT_JWT_SECRET, SERVICE_TOKENS: `bot=${DEVELOPMENT_SERVICE_TOKEN}` }
}

/** True when one of these variables, or of their files (`<NAME>_FILE`), is set; empty ones, as in a copied .env.example, do not count. */
export function isSet(env: Environment, ...names: readonly string[]): boolean {
  return names.some(name => env[name]?.trim() || env[fileVariable(name)]?.trim())
}
