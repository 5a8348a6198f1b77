import { endpointOf } from './config/endpoint-names.ts'
import { type Config, ConfigError } from './config.ts'
import { DatabaseUnavailableError } from './consistency/store-port.ts'
import { DomainError } from './errors.ts'
import { codeOf, systemErrorWords } from './plain-words.ts'
import { isUnreachableForGood } from './store/database-errors.ts'
import { MigrationError } from './store/migrate.ts'

/** A start that failed; its message is for operators, see startFailure. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** SQLSTATEs of a start: what PostgreSQL refuses, and what to look at. */
const REFUSALS: Readonly<Record<string, (user: string) => string>> = {
  '28P01': user => `refuses the password of the user ${user}: check DATABASE_URL and DATABASE_PASSWORD`,
  '28000': user => `does not let the user ${user} in`,
  '3D000': () => 'has no such database: create it, or check the name in DATABASE_URL',
  '42501': user => `does not let the user ${user} create tables: it must own the schema public`,
}

/**
 * Why a start failed, in words for an operator, without a stack: what is wrong and where. `config` is undefined when the
 * configuration itself was wrong. The stack comes only with an unknown error: a fault of the gateway.
 */
export function startFailure(error: unknown, config: Config | undefined): string {
  if (error instanceof ConfigError || error instanceof StartError || error instanceof MigrationError) {
    return error.message
  }
  if (config === undefined) return unexpectedFailure(error)
  if (error instanceof DomainError && error.code === 'DEFAULTS_INVALID') {
    return defaultsFailure(error, config.settings.defaultsFile)
  }
  const cause = error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error
  return (
    listenFailure(cause, config) ?? databaseFailure(cause, config.database.url) ?? unexpectedFailure(error)
  )
}

function defaultsFailure({ errors = [], cause }: DomainError, file: string): string {
  const code = codeOf(cause)
  if (code !== undefined) return `the defaults file ${file} cannot be read: ${systemErrorWords(code)}`
  const faults = errors.map(({ path, message }) => `\n- ${path === '' ? '' : `${path} `}${message}`)
  return `the defaults file ${file} has ${errors.length} fault${errors.length === 1 ? '' : 's'}:${faults.join('')}`
}

function listenFailure(error: unknown, { http }: Config): string | undefined {
  const code = codeOf(error)
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined
  const hostUnknown = syscall === 'getaddrinfo' && 'hostname' in (error as object)
  const listens =
    syscall === 'listen' || (hostUnknown && (error as { hostname: string }).hostname === http.host)
  if (code === undefined || !listens) return undefined
  return `cannot listen on ${http.host}:${http.port} (HOST, PORT): ${systemErrorWords(code)}`
}

/** What PostgreSQL refuses, or why it cannot be used at all; undefined for other errors. */
export function databaseFailure(error: unknown, url: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  const database = endpointOf(url)
  const user = decodeURIComponent(new URL(url).username)
  const code = codeOf(error)
  const refusal = code === undefined ? undefined : REFUSALS[code]
  if (refusal !== undefined) return `PostgreSQL at ${database} ${refusal(user)} (${error.message})`
  if (isUnreachableForGood(error)) {
    const why = code === 'ENOTFOUND' ? systemErrorWords(code) : error.message
    return `PostgreSQL at ${database} cannot be used: ${why}; check DATABASE_URL`
  }
  if ('severity' in error) {
    // The function that failed: the innermost comes first.
    const where = 'where' in error && typeof error.where === 'string' ? `, ${error.where.split('\n')[0]}` : ''
    return `PostgreSQL at ${database} answers: ${error.message} (SQLSTATE ${code}${where})`
  }
  return undefined
}

function unexpectedFailure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
