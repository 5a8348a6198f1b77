import fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import { DOCUMENTS } from '../../../src/documents/catalogue.ts'
import { mutantsOf } from '../../documents/arbitraries.ts'
import { isStream, OPERATIONS, type Operation } from '../api-document.ts'
import { hostileBodies, hostileTexts } from './hostile.ts'

/** Requests that no honest client sends, and some that one does. */

const USERS = ['fuzz-1', 'fuzz-2', 'constructor', 'toString']
const TARGETS = OPERATIONS.filter(operation => !isStream(operation))

/** Methods of all kinds on any path of the document, with any parameters, headers and bodies. */
export const requests: fc.Arbitrary<InjectOptions> = fc.oneof(
  { weight: 5, arbitrary: documentWrites() },
  { weight: 4, arbitrary: fc.constantFrom(...TARGETS).chain(anyUse) },
  { weight: 1, arbitrary: anyPath() },
)

/** PUTs of mutated documents to the place where they belong, so that many of them pass. */
function documentWrites(): fc.Arbitrary<InjectOptions> {
  return fc.constantFrom(...DOCUMENTS).chain(({ kind, family, mode }) => {
    const operation = OPERATIONS.find(
      each => each.method === 'PUT' && each.path === pathOf(family, mode !== undefined),
    )!
    const url = operation.path.replace('{mode}', mode ?? '')
    return fc
      .record({
        body: mutantsOf(kind),
        headers: headers(),
        query: fc.constantFrom('', '', '', '?dry_run=true'),
      })
      .map(({ body, headers: given, query }) => ({
        method: 'PUT' as const,
        url: url + query,
        headers: { ...given, 'content-type': 'application/json' },
        payload: JSON.stringify(body),
      }))
  })
}

function pathOf(family: string, byMode: boolean): string {
  if (byMode)
    return family === 'mode' ? '/api/futures/ginie/modes/{mode}' : '/api/futures/ginie/safety-settings/{mode}'
  const names: Record<string, string> = {
    settings: '/api/user/settings',
    circuit_breaker: '/api/user/global-circuit-breaker',
    scalp_reentry: '/api/futures/ginie/scalp-reentry-config',
    capital_allocation: '/api/futures/ginie/capital-allocation',
    llm_config: '/api/futures/ginie/llm-config',
  }
  return names[family]!
}

function anyUse(operation: Operation): fc.Arbitrary<InjectOptions> {
  return fc
    .record({
      method: fc.constantFrom(
        operation.method,
        operation.method,
        operation.method,
        'GET',
        'PUT',
        'POST',
        'DELETE',
        'PATCH',
        'OPTIONS',
        'HEAD',
      ),
      values: fc.array(fc.oneof(fc.constantFrom('scalp', 'ultra_fast', 'swing', ...USERS), hostileTexts), {
        minLength: 1,
        maxLength: 2,
      }),
      query: queries(),
      headers: headers(),
      type: fc.constantFrom(
        'application/json',
        'application/json',
        'application/json; charset=utf-8',
        'text/plain',
        '',
        ';',
        'application/json;charset=\u00ff',
      ),
      body: fc.option(hostileBodies(operation), { nil: undefined }),
    })
    .map(({ method, values, query, headers: given, type, body }) => {
      let next = 0
      const url = operation.path.replaceAll(/\{\w+\}/g, () => encoded(values[next++ % values.length]!))
      return {
        method: method as 'GET',
        url: url + query,
        headers: { ...given, ...(type === '' ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { payload: body }),
      }
    })
}

function anyPath(): fc.Arbitrary<InjectOptions> {
  const pieces = fc.oneof(
    fc.constantFrom(
      'api',
      'user',
      'settings',
      'futures',
      'ginie',
      'modes',
      'admin',
      '..',
      '.',
      '',
      '%2e%2e',
      '%2F',
      '%00',
      '%',
      '%zz',
      '%ff',
      '%ed%a0%80',
      '*',
      ':mode',
      '__proto__',
      '\\',
    ),
    hostileTexts.map(encoded),
  )
  return fc
    .record({ parts: fc.array(pieces, { maxLength: 8 }), query: queries(), headers: headers() })
    .map(({ parts, query, headers: given }) => ({
      method: 'GET',
      url: `/api/${parts.join('/')}${query}`,
      headers: given,
    }))
}

function queries(): fc.Arbitrary<string> {
  const names = fc.constantFrom(
    ...['limit', 'before', 'dry_run', 'preview', 'mode', 'version', 'at', '__proto__', 'limit[]', 'a'],
    ...['user_id', 'updated_by', 'reason', 'from', 'until', 'cursor', 'q', 'where'],
  )
  const values = fc.oneof(
    fc.constantFrom(
      'true',
      'false',
      '1',
      '50',
      '-1',
      '1e400',
      '9223372036854775808',
      '1.5',
      '',
      'scalp',
      '2026-01-06T12:00:00Z',
      '%',
      '%00',
      '%ff',
    ),
    hostileTexts.map(encoded),
  )
  return fc
    .array(fc.tuple(names, values), { maxLength: 3 })
    .map(pairs => (pairs.length === 0 ? '' : `?${pairs.map(pair => pair.join('=')).join('&')}`))
}

/** Values of headers are visible ASCII and Latin-1: Node sends no others on. */
function headers(): fc.Arbitrary<Record<string, string>> {
  const text = fc.string({ unit: fc.constantFrom(...'aZ09_.@-"*W/,; {}[]%\u00e9\u00ff'), maxLength: 20 })
  const tags = fc.oneof(
    fc.constantFrom('"1"', 'W/"1"', '*', '"1", "2"', '""', '"1.2.3"', `"${'9'.repeat(400)}"`),
    text,
  )
  return fc.record(
    {
      'x-user-id': fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...USERS) },
        { weight: 1, arbitrary: text },
      ),
      'if-match': tags,
      'if-none-match': tags,
      'idempotency-key': text,
      'x-request-id': text,
      accept: text,
    },
    { requiredKeys: ['x-user-id'] },
  )
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).slice(0, 2_000)
}
