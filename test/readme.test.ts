import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { DEVELOPMENT_SERVICE_TOKEN } from '../src/config.ts'
import { onServer, startPostgres, temporaryDirectory } from './helper/backends.ts'
import { startStack, type TestGateway } from './helper/gateway.ts'
import { runNode } from './helper/node-process.ts'
import { blocksOf, PAGES, pageText, ROOT, readmeBlocks, readmeCommands, readmeText } from './helper/readme.ts'

const run = promisify(execFile)
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  merge: true,
  logLevel: 'error',
})
const ADDRESS = 'http://127.0.0.1:8080'
/** What npm runs without `run`. */
const LIFECYCLE = ['start', 'test']
/** A volume of Compose and a table, which look like metrics. */
const NO_METRICS = ['redis_data', 'cache_view']
/** What npm does by itself. */
const OWN = ['ci']

let gateway: TestGateway

t.before(async () => {
  gateway = (await startStack(t, { SERVICE_TOKENS: `bot=${DEVELOPMENT_SERVICE_TOKEN}` })).gateway
})

/** How each kind of command is checked. A command that is none of these fails the test. */
const CHECKS: readonly { readonly of: RegExp; readonly check: (t: Test, command: string) => unknown }[] = [
  { of: /^curl /, check: curl },
  { of: /^npm /, check: npm },
  { of: /^docker compose /, check: compose },
  { of: /^cp /, check: copy },
  { of: /^psql /, check: psql },
  { of: /^npx tap run /, check: (t, command) => t.ok(existsSync(join(ROOT, command.split(' ')[3]!))) },
  // Run by helper/cluster/cluster.test.ts.
  { of: /^redis-cli --cluster /, check: (t, command) => t.ok(pageText('docs/cluster.md').includes(command)) },
  // What it makes is checked by deploy/compose.test.ts.
  { of: /^sh deploy\//, check: (t, command) => t.ok(existsSync(join(ROOT, command.split(' ')[1]!))) },
]

for (const command of readmeCommands()) {
  t.test(command, async t => {
    const matching = CHECKS.find(({ of }) => of.test(command))
    t.ok(matching, 'it is of a kind that is checked')
    await matching?.check(t, command)
  })
}

t.test('the example of the client runs as it stands', async t => {
  const [example] = blocksOf(pageText('README.md')).filter(({ language }) => language === 'ts')
  // The package itself is tried by test/client/package.test.ts.
  const file = join(ROOT, '.data', `readme-${process.pid}.ts`)
  const text = example!.text.replace("'settings-gateway-client'", "'../src/client/client.ts'")
  writeFileSync(file, text.replace(ADDRESS, gateway.url))
  t.teardown(() => rmSync(file, { force: true }))
  const { code, output } = await runNode([file], { cwd: temporaryDirectory(t), env: {} })
  t.equal(code, 0, output)
  t.match(output, /^order \d+, leverage \d+\n$/)
})

t.test('the SQL is accepted', async t => {
  const statements = [
    ...readmeBlocks().flatMap(({ language, text }) => (language === 'sql' ? [text] : [])),
    ...[...readmeText().matchAll(/psql .* -c "([^"]+)"/g)].map(([, sql]) => sql!),
  ]
  t.ok(statements.length > 0)
  await onServer(gateway.databaseUrl, async client => {
    // Undone: other tests share the role.
    for (const sql of statements) await client.query(`BEGIN; ${sql}; ROLLBACK`)
  })
})

t.test('every route and metric that a page names exists', async t => {
  const text = PAGES.map(pageText).join('\n')
  const paths = Object.keys((await gateway.as('42', { url: '/docs/json' })).json().paths)
  for (const [, route] of text.matchAll(/`(?:GET |POST |PUT |DELETE )?(\/(?:api|health)[\w/:.-]*)`/g)) {
    const pattern = route!.replaceAll(/:(\w+)/g, '{$1}')
    t.ok(paths.includes(pattern), route!)
  }
  const { body } = await gateway.as('42', { url: '/metrics' })
  for (const [, metric] of text.matchAll(/`((?:cache|redis|settings|http)_\w+)(?:\{\w+\})?`/g)) {
    if (!NO_METRICS.includes(metric!)) t.match(body, `# TYPE ${metric} `)
  }
})

async function curl(t: Test, command: string): Promise<void> {
  t.match(command, ADDRESS)
  t.match(command, DEVELOPMENT_SERVICE_TOKEN)
  const { stdout } = await run('bash', ['-c', `${command.replace(ADDRESS, gateway.url)} -sS`])
  t.match(stdout, /^HTTP\/1\.1 200 OK\r\n/)
  if (command.includes('decision-settings')) t.match(stdout, /^cache-status: settings-gateway; /m)
  if (command.endsWith('/modes/scalp')) t.match(stdout, /"min_confidence": ?45\b/)
}

function npm(t: Test, command: string): void {
  const [, first = '', second = ''] = command.split(' ')
  if (OWN.includes(first)) return
  const script = first === 'run' ? second : first
  t.ok(first === 'run' || LIFECYCLE.includes(first), 'npm knows it')
  t.ok(script in scripts, `package.json has the script ${script}`)
  for (const [file] of command.matchAll(/test\/\S+\.test\.ts/g)) t.ok(existsSync(join(ROOT, file)), file)
}

/** There is no engine here: that the words are right and the services exist is what can be checked. */
function compose(t: Test, command: string): void {
  const words = command.split(' ').slice(2)
  if (words[0] === '--profile') {
    const [, profile] = words.splice(0, 2)
    t.ok(
      Object.values<{ profiles?: string[] }>(services).some(({ profiles }) => profiles?.includes(profile!)),
    )
  }
  const [verb = '', ...rest] = words
  t.ok(['up', 'ps', 'logs', 'exec', 'stop', 'start'].includes(verb), verb)
  const [service] = rest.filter(word => !word.startsWith('-'))
  if (service !== undefined) t.ok(service in services, `${service} is a service`)
}

function copy(t: Test, command: string): void {
  t.ok(existsSync(join(ROOT, command.split(' ')[1]!)))
}

/** The address that the shell makes leads to the private database whose data directory it names. */
async function psql(t: Test, command: string): Promise<void> {
  const { dataDir } = await startPostgres(t)
  const { stdout: url } = await run('bash', [
    '-c',
    command.replace(/^psql/, 'echo').replaceAll('.data/postgres', dataDir),
  ])
  await onServer(url.trim(), async client => {
    const { rows } = await client.query('SHOW data_directory')
    t.equal(rows[0].data_directory, dataDir)
  })
}
