import type { ErrorObject } from 'ajv'
import { envSchema } from 'env-schema'
import {
  SECRET_VARIABLES,
  VARIABLES,
  type VariableName,
  type Variables,
  VariablesSchema,
} from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ParsedVariables {
  /** Faulty variables hold their defaults here, so that the rest can still be checked. */
  readonly variables: Variables
  readonly faults: readonly string[]
  /** Names with a fault: rules that need them are pointless. */
  readonly faulty: ReadonlySet<string>
}

/** Types and bounds of every variable on its own. An empty value counts as not set, as compose files write it. */
export function parseVariables(env: Environment): ParsedVariables {
  const given: Record<string, string> = {}
  for (const name of Object.keys(VARIABLES)) {
    const value = env[name]?.trim()
    if (value !== undefined && value !== '') given[name] = value
  }
  const errors = errorsOf(given)
  if (errors.length === 0) return { variables: parse(given), faults: [], faulty: new Set() }
  const faulty = new Set(errors.map(nameOf))
  const sound = Object.fromEntries(Object.entries(given).filter(([name]) => !faulty.has(name)))
  return {
    variables: parse(sound),
    faults: [...new Set(errors.map(error => describe(error, given)))],
    faulty,
  }
}

function parse(given: Record<string, string>): Variables {
  return envSchema<Variables>({ schema: VariablesSchema, data: { ...given }, env: false })
}

function errorsOf(given: Record<string, string>): ErrorObject[] {
  try {
    parse(given)
    return []
  } catch (error) {
    if (error instanceof Error && 'errors' in error) return error.errors as ErrorObject[]
    throw error
  }
}

function nameOf(error: ErrorObject): string {
  return error.instancePath.slice(1)
}

function describe(error: ErrorObject, given: Record<string, string>): string {
  const name = nameOf(error)
  const allowed = error.keyword === 'enum' ? `: ${(error.params.allowedValues as string[]).join(', ')}` : ''
  const value = SECRET_VARIABLES.has(name as VariableName) ? '' : `, is ${JSON.stringify(given[name])}`
  return `${name} ${error.message}${allowed}${value}`
}
