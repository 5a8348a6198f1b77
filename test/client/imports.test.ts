import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { routeOf } from '../../src/client/routes.ts'
import { declarations } from '../../src/dev/client/declarations.ts'
import { FAMILIES, MODES } from '../../src/documents/catalogue.ts'
import { runNode } from '../helper/node-process.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Prints every file that importing the client loads. */
const LIST_LOADED = `
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    if (!url.startsWith('node:')) console.log(url)
    return next(url, context)
  },
})
const { SettingsClient } = await import('./src/client/client.ts')
if (typeof SettingsClient !== 'function') throw new Error('no client')
`

t.test('nothing of the server comes along with the client', async t => {
  const { code, output } = await runNode(['--input-type=module', '--eval', LIST_LOADED], {
    cwd: ROOT,
    env: {},
  })
  t.equal(code, 0, output)
  const loaded = output.trim().split('\n')
  t.ok(loaded.some(url => url.endsWith('/src/client/client.ts')))
  const foreign = loaded.filter(
    url => !/\/src\/client\/|\/node_modules\/undici\//.test(url) && url.startsWith('file:'),
  )
  t.strictSame(foreign, [])
})

t.test('the package declares the types that the client takes from the gateway', async t => {
  const names = (text: string) => [...text.matchAll(/^export type (?:\{ )?(\w+)/gm)].map(([, name]) => name!)
  const types = readFileSync(join(ROOT, 'src/client/gateway-types.ts'), 'utf8')
  t.strictSame(names(declarations()).sort(), names(types).sort())
})

t.test('the routes are those of the table of documents', async t => {
  for (const { family, route, sections = [] } of FAMILIES) {
    const byMode = route.includes(':mode')
    const kinds = byMode ? MODES.map(mode => `${family}.${mode}`) : [family]
    for (const kind of kinds)
      t.equal(routeOf(kind as 'llm_config'), route.replace(':mode', kind.split('.')[1] ?? ''))
    for (const { name, route } of sections) t.equal(routeOf(`${family}.${name}` as 'llm_config'), route)
  }
})
