import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import t from 'tap'
import { startStack } from '../helper/gateway.ts'
import { API, API_TEXT, examplesOf, type MediaType, OPERATIONS } from './api-document.ts'

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajvFormats.default(ajv)
ajv.addSchema(API, 'api')

/** By the text of the schema: problems and documents come hundreds of times. */
const validators = new Map<string, ValidateFunction>()

/** The schema as it stands in the document, so that its references work. */
function faultsOf(schema: object, value: unknown): string {
  const text = JSON.stringify(schema).replaceAll('"#/components', '"api#/components')
  const validate = validators.get(text) ?? ajv.compile(JSON.parse(text))
  validators.set(text, validate)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

/** The paths of Fastify's tree of routes, parameters as OpenAPI writes them. */
function pathsOf(tree: string): string[] {
  const parts: string[] = []
  return tree.split('\n').flatMap(line => {
    const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)( \(.*\))?$/.exec(line) ?? []
    if (indent === undefined || part === undefined) return []
    parts.splice(indent.length / 4, parts.length, part)
    return methods === undefined ? [] : [parts.join('').replaceAll(/:(\w+)/g, '{$1}')]
  })
}

t.test('the document is what the app answers', async t => {
  const { gateway } = await startStack(t)
  const json = await gateway.app.inject({ url: '/docs/json' })
  t.strictSame(json.json(), API)
  t.equal(API_TEXT, `${JSON.stringify(json.json(), null, 2)}\n`)
  t.match((await gateway.app.inject({ url: '/docs/yaml' })).body, /^openapi: 3/)
  t.equal((await gateway.app.inject({ url: '/docs' })).statusCode, 200)
})

t.test('every route of the app is in it, and nothing else', async t => {
  const { gateway } = await startStack(t)
  // What a browser renders is no API; '*' is the answer to preflights.
  const paths = pathsOf(gateway.app.printRoutes({ commonPrefix: false })).filter(
    path => !/^\/(docs|ops)\b|^$|\*/.test(path),
  )
  t.strictSame(paths.sort(), Object.keys(API.paths).sort())
  for (const path of Object.keys(API.paths)) {
    const methods = Object.keys(API.paths[path]).map(method => method.toUpperCase())
    for (const method of methods as ('GET' | 'PUT')[]) {
      t.ok(gateway.app.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ':$1') }), `${method} ${path}`)
    }
  }
})

t.test(
  'every operation says what it does, who may, what can go wrong, and gives examples that are valid',
  async t => {
    for (const { method, path, ...operation } of OPERATIONS) {
      const name = `${method} ${path}`
      t.ok(operation.summary, `${name}: a summary`)
      t.match(operation.description ?? '', /authentication|user|admin/i, `${name}: who may call it`)
      t.match(operation.description ?? '', /cache|Redis|PostgreSQL|store/i, `${name}: what the cache does`)
      const statuses = Object.keys(operation.responses)
      t.ok(
        statuses.some(status => status.startsWith('2')),
        `${name}: a success`,
      )
      if (operation.security?.length !== 0) {
        t.ok(
          ['401', '403', '429', '500'].every(status => statuses.includes(status)),
          `${name}: its errors`,
        )
      }
      for (const { name: parameter, description, example, schema } of operation.parameters ?? []) {
        t.ok(description ?? (schema as MediaType).examples ?? example, `${name}: ${parameter} is described`)
      }
      const bodies = [{ content: operation.requestBody?.content }, ...Object.values(operation.responses)]
      for (const { content } of bodies) {
        for (const [type, media] of Object.entries(content ?? {})) {
          const examples = examplesOf(media)
          t.ok(examples.length > 0, `${name}: an example of ${type}`)
          for (const example of examples)
            t.equal(faultsOf(media.schema ?? {}, example), '', `${name}: it is valid`)
        }
      }
    }
    for (const [name, schema] of Object.entries<{ examples?: unknown[] }>(API.components.schemas)) {
      for (const example of schema.examples ?? []) t.equal(faultsOf(schema, example), '', name)
    }
  },
)
