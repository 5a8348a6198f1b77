import fc from 'fast-check'
import { canonicalJson } from '../../../src/documents/canonical.ts'
import { DOCUMENTS } from '../../../src/documents/catalogue.ts'
import { BUILT_IN_DEFAULTS, documentDefaults } from '../../../src/documents/defaults.ts'
import { noteFaults } from '../../../src/documents/file-format.ts'
import { guardJson } from '../../../src/documents/guard.ts'
import type { JsonObject } from '../../../src/documents/json.ts'
import { validateDocument } from '../../../src/documents/validate.ts'
import type { Fault } from '../../../src/errors.ts'
import { documentsOf } from '../../documents/arbitraries.ts'
import type { TestGateway } from '../../helper/gateway.ts'

/** A document with random content, and which load-defaults is asked for. */
interface Case {
  readonly kind: string
  readonly data: JsonObject
  /** Of the document itself, of a section or family it is in, or of everything. */
  readonly scope: 'document' | 'wider' | 'all'
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(...DOCUMENTS.map(({ kind }) => kind)).chain(kind =>
  fc.record({
    kind: fc.constant(kind),
    data: documentsOf(kind).map(data => lawful(kind, data)),
    scope: fc.constantFrom('document', 'document', 'wider', 'all'),
  }),
)

/**
 * For random documents: the preview writes nothing and names exactly what apply then changes; afterwards nothing of
 * it differs from the defaults. Resolves to the number of changes seen.
 */
export async function previewEqualsApply(gateway: TestGateway, runs: number, seed?: number): Promise<number> {
  let seen = 0
  await fc.assert(
    fc.asyncProperty(cases, async ({ kind, data, scope }) => {
      const url = urlOf(kind)
      const written = await ask(gateway, 'PUT', url, data)
      const route = `${scope === 'document' ? url : scope === 'all' ? '/api/user/settings' : widerOf(kind)}/load-defaults`
      const preview = await ask(gateway, 'POST', `${route}?preview=true`)
      same((await ask(gateway, 'GET', url)).version, written.version, 'the preview writes nothing')
      const applied = await ask(gateway, 'POST', route)
      same(applied.changes, preview.changes, 'apply does what the preview said')
      same([preview.applied, applied.applied], [false, true], 'applied')
      same(applied.total_changes, applied.changes.length, 'total_changes')
      const again = await ask(gateway, 'POST', `${route}?preview=true`)
      same([again.all_match, again.changes], [true, []], 'nothing is left')
      const comparison = await ask(gateway, 'GET', '/api/user/settings/comparison')
      const left = comparison.documents[kind] ?? []
      // A section leaves the rest of its document as it is.
      if (scope !== 'wider' || kind !== 'settings') same(left, [], 'the comparison is empty')
      if (scope === 'all') same(comparison.all_match, true, 'all match')
      seen += applied.changes.length
    }),
    { numRuns: runs, endOnFailure: true, ...(seed === undefined ? {} : { seed }) },
  )
  return seen
}

/** The document with what breaks a rule across fields, or has a name that is refused, put back to the defaults. */
function lawful(kind: string, data: JsonObject): JsonObject {
  const defaults = documentDefaults(BUILT_IN_DEFAULTS, kind)
  const faults = faultsOf(kind, data)
  if (faults.some(({ path }) => path === '')) return { ...data, ...defaults }
  const fixed = { ...data }
  for (const { path } of faults) {
    // Rules speak of fields of one group; at the top level of all that start alike, such as tp1_percent.
    const [first = ''] = path.split('.')
    const family = first.replace(/\d.*$|_trades$|_.*$/, '')
    for (const name of Object.keys(fixed))
      if (name === first || name.startsWith(family)) fixed[name] = defaults[name]
  }
  return faultsOf(kind, fixed).length === 0 ? fixed : defaults
}

/** Free objects get every name there is, also those that a PUT refuses, and notes of a defaults file. */
function faultsOf(kind: string, data: JsonObject): Fault[] {
  return [...guardJson(data), ...noteFaults(data), ...validateDocument(kind, data, [])]
}

async function ask(
  gateway: TestGateway,
  method: 'GET' | 'PUT' | 'POST',
  url: string,
  payload?: object,
  // biome-ignore lint/suspicious/noExplicitAny: replies of all kinds
): Promise<any> {
  const reply = await gateway.as('42', { method, url, ...(payload === undefined ? {} : { payload }) })
  if (reply.statusCode !== 200) throw new Error(`${method} ${url}: ${reply.statusCode} ${reply.body}`)
  return reply.json()
}

function urlOf(kind: string): string {
  const [family = '', mode = ''] = kind.split('.')
  const urls: Readonly<Record<string, string>> = {
    settings: '/api/user/settings',
    mode: `/api/futures/ginie/modes/${mode}`,
    safety: `/api/futures/ginie/safety-settings/${mode}`,
    scalp_reentry: '/api/futures/ginie/scalp-reentry-config',
    circuit_breaker: '/api/user/global-circuit-breaker',
    capital_allocation: '/api/futures/ginie/capital-allocation',
    llm_config: '/api/futures/ginie/llm-config',
  }
  return urls[family]!
}

function widerOf(kind: string): string {
  if (kind === 'settings') return '/api/user/settings/trading'
  return kind.startsWith('mode.') ? '/api/futures/ginie/modes' : urlOf(kind)
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [canonicalJson(actual), canonicalJson(expected)]
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`)
}
