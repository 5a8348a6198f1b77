import t from 'tap'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'
import { API, bodyOf, isStream, OPERATIONS, urlOf } from './api-document.ts'

/** What generators of clients rely on: names, headers, enumerations, types that can be told apart. */

const operationOf = (id: string) =>
  OPERATIONS.find(each => (each as { operationId?: string }).operationId === id)
const schemaOf = (name: string) => API.components.schemas[name]

t.test('operations have short names, each its own', async t => {
  const ids = OPERATIONS.map(each => (each as { operationId?: string }).operationId!)
  t.equal(new Set(ids).size, ids.length)
  for (const id of [
    'getMode',
    'updateMode',
    'modeHistory',
    'rollbackMode',
    'loadModeDefaults',
    'getDecisionSettings',
  ]) {
    t.ok(ids.includes(id), id)
  }
})

t.test('headers that requests may have are parameters', async t => {
  const parameters = (id: string) => operationOf(id)!.parameters!.map(({ name }) => name)
  t.ok(parameters('drawSequence').includes('idempotency-key'))
  t.ok(parameters('updateMode').includes('if-match'))
  t.ok(parameters('getMode').includes('if-none-match'))
  t.ok(parameters('events').includes('last-event-id'))
})

t.test('the headers of an answer are those that it has', async t => {
  const { gateway } = await startStack(t)
  const order = OPERATIONS.filter(each => !isStream(each) && each.method !== 'DELETE')
  for (const operation of order) {
    const headers = operation.path.startsWith('/api/admin') ? ADMIN : { ...SERVICE, 'x-user-id': '42' }
    const { method } = operation
    const answer = await gateway.app.inject({ method, url: urlOf(operation), headers, ...bodyOf(operation) })
    const documented =
      (operation.responses[answer.statusCode] as { headers?: object } | undefined)?.headers ?? {}
    for (const name of Object.keys(documented)) {
      const sent = answer.headers[name.toLowerCase()] !== undefined
      t.ok(sent || name === 'Retry-After', `${method} ${operation.path}: ${answer.statusCode} has ${name}`)
    }
    if (method === 'PUT' && answer.statusCode === 200) t.ok('ETag' in documented, `${operation.path}: a tag`)
  }
})

t.test('enumerations', async t => {
  t.ok(schemaOf('Problem').properties.code.enum.includes('VERSION_MISMATCH'))
  t.strictSame(schemaOf('Change').properties.risk.enum, ['high', 'medium', 'low'])
  t.ok(schemaOf('HistoryEntry').properties.reason.enum.includes('rollback'))
})

t.test('a dry run can be told from a document, and one mode from all', async t => {
  const { schema } = operationOf('updateMode')!.responses['200']!.content!['application/json']!
  t.strictSame((schema as { oneOf: object[] }).oneOf, [
    { $ref: '#/components/schemas/Mode' },
    { $ref: '#/components/schemas/DryRunReport' },
  ])
  t.notOk('version' in schemaOf('DryRunReport').properties)
  t.ok(schemaOf('DryRunReport').required.includes('applied'))
  t.notOk('applied' in schemaOf('Mode').properties)
  t.strictSame(schemaOf('DecisionSettings').properties.modes.required, [
    'ultra',
    'scalp',
    'swing',
    'position',
  ])
  t.equal(schemaOf('DecisionSettingsOfMode').properties.modes.required, undefined)
})
