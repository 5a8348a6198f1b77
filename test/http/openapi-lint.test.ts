import t from 'tap'
import { API, API_TEXT, OPERATIONS } from './api-document.ts'

/** What Redocly and Spectral insist on, as far as it is cheap; `npm run openapi:tools` runs both. */

t.test('the document names its licence, contact and servers', async t => {
  t.match(API.info, { title: /./, description: /./, version: /./, license: { name: /./ }, contact: {} })
  t.ok(API.servers.length > 0)
})

t.test('each operation has an id, a summary, tags that are declared, and an answer for faults', async t => {
  const declared = new Set((API.tags as { name: string; description?: string }[]).map(({ name }) => name))
  for (const operation of OPERATIONS) {
    const name = `${operation.method} ${operation.path}`
    const { operationId, tags = [] } = operation as { operationId?: string; tags?: string[] }
    t.match(operationId, /^[a-z][A-Za-z]+$/, name)
    t.ok(tags.length > 0 && tags.every(tag => declared.has(tag)), `${name}: ${tags}`)
    t.equal(typeof operation.summary, 'string', name)
    if (operation.security?.length !== 0)
      t.ok(
        Object.keys(operation.responses).some(status => status.startsWith('4')),
        name,
      )
  }
})

t.test('the parameters of a path are those that it has, once each', async t => {
  for (const { method, path, parameters = [] } of OPERATIONS) {
    const inPath = parameters.filter(each => each.in === 'path').map(({ name }) => name)
    t.strictSame(inPath.sort(), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(), path)
    const all = parameters.map(each => `${each.in} ${each.name}`)
    t.equal(new Set(all).size, all.length, `${method} ${path}`)
  }
})

t.test('each component is used, and each reference leads to one', async t => {
  const used = new Set([...API_TEXT.matchAll(/"\$ref": "#\/components\/([^"]+)"/g)].map(([, name]) => name))
  const there = Object.entries<object>(API.components).flatMap(([family, members]) =>
    family === 'securitySchemes' ? [] : Object.keys(members).map(name => `${family}/${name}`),
  )
  t.strictSame([...used].sort(), there.sort())
})
