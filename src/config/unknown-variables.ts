import { distance } from 'fastest-levenshtein'
import type { Environment } from './parse-variables.ts'
import { fileVariable } from './secret-files.ts'
import { SECRET_VARIABLES, VARIABLES } from './variables.ts'

/**
 * What Kubernetes writes into every container about each service of its namespace, and Docker about linked containers:
 * a service named `redis` gives REDIS_PORT=tcp://10.0.0.1:6379, REDIS_SERVICE_HOST, REDIS_PORT_6379_TCP_ADDR.
 */
const SERVICE_LINK =
  /_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|^[A-Z0-9_]+_ENV_/
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//
/** Variables of npm, and those that it sets for its scripts. */
const NPM = /^npm_/i

const OWN = Object.keys(VARIABLES)
const KNOWN = new Set([...OWN, ...[...SECRET_VARIABLES].map(fileVariable)])
/** Names such as HOST and PORT are too short to be recognised in a misspelling. */
const MIN_LENGTH = 7
/** One wrong character is allowed for so many. */
const LENGTH_PER_SLIP = 7

/** True when Kubernetes or Docker wrote the value, and not an operator. */
function isServiceAddress(value: string): boolean {
  return SERVICE_ADDRESS.test(value)
}

/** Adds a sentence, with the nearest name, for each variable that is probably a misspelled one of the gateway. */
export function checkUnknownVariables(env: Environment, faults: string[]): void {
  for (const [name, value] of Object.entries(env)) {
    if (KNOWN.has(name) || !value?.trim() || NPM.test(name)) continue
    if (SERVICE_LINK.test(name) || isServiceAddress(value)) continue
    const plain = OWN.find(own => own.length >= MIN_LENGTH && name === fileVariable(own))
    if (plain !== undefined) {
      faults.push(`${name} is not a variable of the gateway: ${plain} is no secret, set it directly`)
      continue
    }
    const meant = nearest(name)
    if (meant !== undefined) faults.push(`${name} is not a variable of the gateway: did you mean ${meant}?`)
  }
}

function nearest(name: string): string | undefined {
  let best: { readonly known: string; readonly slips: number } | undefined
  for (const known of KNOWN) {
    if (known.length < MIN_LENGTH) continue
    const slips = distance(bare(name), bare(known))
    if (slips > Math.floor(known.length / LENGTH_PER_SLIP) && !leavesWordsOut(name, known)) continue
    if (best === undefined || slips < best.slips) best = { known, slips }
  }
  return best?.known
}

/** REDISPOOLSIZE, redis-pool-size and REDIS_POOL_SIZE are the same to a reader. */
function bare(name: string): string {
  return name.toUpperCase().replaceAll(/[_.-]/g, '')
}

/** REDIS_TIMEOUT_MS for REDIS_READ_TIMEOUT_MS: the same first word, and only words of the known name, in their order. */
function leavesWordsOut(name: string, known: string): boolean {
  const words = name.toUpperCase().split('_')
  const wanted = known.split('_')
  if (words.length < 2 || words[0] !== wanted[0]) return false
  let at = 0
  for (const word of wanted) if (word === words[at]) at++
  return at === words.length
}

/** The environment without the gateway's variables that Kubernetes set. */
export function withoutServiceLinks(env: Environment): Environment {
  const links = OWN.filter(name => isServiceAddress(env[name] ?? ''))
  return links.length === 0 ? env : { ...env, ...Object.fromEntries(links.map(name => [name, undefined])) }
}
