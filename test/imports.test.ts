import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

/** Which folder of src/ may import which others, beside files of src/ itself that import nothing of ours. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  documents: [],
  consistency: [],
  sequence: ['consistency', 'documents'],
  settings: ['consistency', 'documents', 'sequence'],
  events: [],
  exchange: [],
  retention: ['consistency'],
  transfer: ['consistency', 'documents', 'sequence', 'settings'],
  jobs: ['consistency', 'documents', 'settings', 'transfer'],
  webhooks: [],
  lifecycle: ['consistency'],
  fleet: ['consistency'],
  store: [
    'consistency',
    'events',
    'fleet',
    'jobs',
    'retention',
    'sequence',
    'settings',
    'transfer',
    'webhooks',
  ],
  cache: ['config.ts', 'consistency', 'documents', 'exchange', 'sequence'],
  config: ['config.ts', 'consistency'],
  auth: ['config.ts', 'documents'],
  telemetry: ['cache', 'consistency', 'fleet', 'jobs', 'retention', 'sequence', 'webhooks'],
  http: [
    ...['auth', 'config.ts', 'consistency', 'documents', 'events', 'exchange', 'fleet', 'jobs', 'lifecycle'],
    ...['retention', 'sequence', 'settings', 'telemetry', 'transfer'],
  ],
  client: ['documents', 'http'],
}
/** What store and cache implement is declared in these. */
const PORTS = /(ports|change-point|exchange)\.ts$/
/** Use cases know no server and no driver. */
const USE_CASES = [
  ...['documents', 'consistency', 'settings', 'sequence', 'events', 'exchange', 'fleet', 'jobs', 'transfer'],
]
const DRIVERS = /^(pg|ioredis|fastify|prom-client|undici|@fastify\/.*|@opentelemetry\/.*)$/

interface SourceFile {
  readonly path: string
  readonly text: string
  /** Files of ours. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

const ROOT = join(import.meta.dirname, '..')
const FILES: readonly SourceFile[] = globSync('src/**/*.ts', { cwd: ROOT }).map(path => {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const names = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name!)
  const [ours, packages] = [names.filter(isRelative), names.filter(name => !isRelative(name))]
  return { path, text, imports: ours.map(name => join(dirname(path), name)), packages }
})

/** Such as src/errors.ts. */
const LEAVES = FILES.filter(({ path, imports }) => dirname(path) === 'src' && imports.length === 0).map(
  ({ path }) => path,
)

t.test('imports run one way', async t => {
  for (const { path, imports } of FILES) {
    const allowed = MAY_IMPORT[roomOf(path)]
    if (allowed === undefined) continue
    const others = imports.filter(each => roomOf(each) !== roomOf(path) && !LEAVES.includes(each))
    t.same(
      others.filter(each => !allowed.includes(roomOf(each))),
      [],
      path,
    )
  }
})

t.test('store and cache know ports of use cases only', async t => {
  const useCases = [
    'settings',
    'sequence',
    'events',
    'jobs',
    'transfer',
    'retention',
    'exchange',
    'fleet',
    'webhooks',
  ]
  for (const { path, imports } of FILES.filter(file => ['store', 'cache'].includes(roomOf(file.path)))) {
    const others = imports.filter(each => useCases.includes(roomOf(each)))
    t.same(
      others.filter(each => !PORTS.test(each)),
      [],
      path,
    )
  }
})

t.test('use cases know no drivers and no SQL', async t => {
  for (const { path, packages, text } of FILES.filter(file => USE_CASES.includes(roomOf(file.path)))) {
    t.same(
      packages.filter(name => DRIVERS.test(name)),
      [],
      path,
    )
    t.notMatch(text, /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM) [a-z_]+ (FROM|SET|WHERE|\()/, path)
  }
})

t.test('only the configuration reads the environment', async t => {
  // Commands and development servers are programs of their own.
  const gateway = FILES.filter(
    ({ path }) => !['config.ts', 'config', 'commands', 'dev'].includes(roomOf(path)),
  )
  t.same(
    gateway.filter(({ text }) => text.includes('process.env')).map(({ path }) => path),
    [],
  )
})

t.test('no file imports itself through others', async t => {
  const imports = new Map(FILES.map(file => [file.path, file.imports]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    else if (!done.has(path)) for (const next of imports.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const { path } of FILES) visit(path, [])
  t.same(cycles, [])
})

t.test('every folder of src has its rule', async t => {
  const rooms = new Set(FILES.map(({ path }) => roomOf(path)).filter(room => !room.endsWith('.ts')))
  t.same([...rooms].filter(room => MAY_IMPORT[room] === undefined).sort(), ['commands', 'dev', 'wiring'])
})

function isRelative(name: string): boolean {
  return name.startsWith('.')
}

/** The folder below src/, or the file itself. */
function roomOf(path: string): string {
  return relative('src', path).split('/')[0]!
}
