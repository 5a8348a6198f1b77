import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { SECRET_VARIABLES, VARIABLES, type VariableName } from '../../src/config/variables.ts'
import { loadConfig } from '../../src/config.ts'
import { COMPOSE_VARIABLES, envExample, withConfigurationTable } from '../../src/dev/config-docs.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const example = read('.env.example')
const NAMES = Object.keys(VARIABLES)
/** Enough to start with, so that only what the example adds can be faulty. */
const NEEDED = { DATABASE_URL: 'postgres://u:p@127.0.0.1:5432/d', JWT_SECRET: 'x'.repeat(32) }

t.test('.env.example names every variable once, and nothing else', async t => {
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name)
  t.strictSame(named, [...NAMES, ...Object.keys(COMPOSE_VARIABLES)])
})

t.test('what it shows commented out are the defaults', async t => {
  const uncommented = parseEnv(example.replaceAll(/^# ([A-Z][A-Z0-9_]*=)/gm, '$1'))
  const shown = loadConfig({ ...uncommented, ...NEEDED })
  t.strictSame(shown, loadConfig(NEEDED))
})

t.test('as copied it sets nothing, so that no secret of it can be in use', async t => {
  const set = parseEnv(example)
  t.strictSame([...new Set(Object.values(set))], [''])
  for (const name of SECRET_VARIABLES) t.equal(set[name], '', `${name} is there to be filled in`)
  t.strictSame(loadConfig({ ...set, ...NEEDED }), loadConfig(NEEDED))
})

t.test('every description of the schema is in it, and in docs/configuration.md', async t => {
  const text = example.replaceAll(/\n# /g, ' ')
  const page = read('docs/configuration.md')
  for (const name of NAMES as VariableName[]) {
    const { description } = VARIABLES[name]
    t.ok(text.includes(description!), `.env.example: ${name}`)
    t.ok(page.includes(`| \`${name}\` |`) && page.includes(description!), `docs/configuration.md: ${name}`)
  }
})

t.test('both are as written from the schema', async t => {
  t.equal(example, envExample())
  t.equal(read('docs/configuration.md'), withConfigurationTable(read('docs/configuration.md')))
  t.throws(() => withConfigurationTable('# no table'), /has no <!-- configuration/)
})

t.test('docker-compose.yml reads no other variable', async t => {
  const compose = parse(read('docker-compose.yml'), { merge: true, logLevel: 'error' })
  const used = new Set([...JSON.stringify(compose).matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name!))
  t.strictSame(
    [...used].filter(name => !NAMES.includes(name) && !(name in COMPOSE_VARIABLES)),
    [],
  )
  for (const name of Object.keys(COMPOSE_VARIABLES)) t.ok(used.has(name), `${name} is used`)
})
