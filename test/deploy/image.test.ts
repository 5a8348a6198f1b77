import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import t from 'tap'
import type { Environment } from '../../src/config.ts'
import { freePort } from '../../src/dev/child.ts'
import { SOUND } from '../config/faults.ts'
import { createDatabase, type Scope, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { runNode, spawnNode, untilOutput } from '../helper/node-process.ts'

/** There is no container engine here: what the image does is done by hand, from the Dockerfile's own lines. */

const ROOT = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const lines = dockerfile.split('\n')
/** No file may be written, as in a container with a read-only root. */
const READ_ONLY = ['--permission', '--allow-fs-read=*']

t.test('two stages of Node 24 on Alpine, not root, probed', async t => {
  t.strictSame(
    lines.filter(line => line.startsWith('FROM ')),
    ['FROM node:24-alpine AS dependencies', 'FROM node:24-alpine'],
  )
  t.ok(lines.includes('USER 1000:1000'), 'a number, so that Kubernetes sees that it is not root')
  t.match(dockerfile, /^HEALTHCHECK .*CMD \["node", "src\/healthcheck\.ts"\]$/m)
  t.match(dockerfile, /^CMD \["node", "src\/server\.ts"\]$/m)
  t.match(dockerfile, /^RUN npm ci --omit=dev --omit=optional --ignore-scripts /m)
})

t.test('what the service imports is a production dependency', async t => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  const offenders: string[] = []
  for (const file of files.filter(name => name.endsWith('.ts') && !name.startsWith('dev/'))) {
    for (const name of importsOf(readFileSync(join(ROOT, 'src', file), 'utf8'))) {
      const sound = name.startsWith('.')
        ? !name.includes('/dev/')
        : isBuiltin(name) || packageOf(name) in dependencies
      if (!sound) offenders.push(`${file}: ${name}`)
    }
  }
  t.ok(files.length > 100)
  t.strictSame(offenders, [])
})

t.test('it serves from a read-only file system without the development files', async t => {
  const directory = imageOf(t)
  const [database, redis] = await Promise.all([createDatabase(t), startRedis(t)])
  const env: Environment = {
    ...SOUND,
    HOST: '0.0.0.0',
    PORT: String(await freePort()),
    DATABASE_URL: database,
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
  }
  const server = spawnNode([...READ_ONLY, 'src/server.ts'], { cwd: directory, env })
  t.teardown(() => server.kill('SIGKILL'))
  await untilOutput(server, 'Server listening')
  t.equal(await healthcheck(directory, env), 0, 'it says that it listens, and is healthy')
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  t.strictSame(await ended, [0, null], 'SIGTERM ends it in order')
  t.equal(await healthcheck(directory, { ...env, HOST: '::' }), 1, 'nothing listens any more')
})

/** The files that the COPY and RUN rm lines of the second stage leave in the image. */
function imageOf(t: Scope): string {
  const directory = temporaryDirectory(t)
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  for (const line of lines.slice(lines.lastIndexOf('FROM node:24-alpine'))) {
    const [, list] = /^COPY (?!--from)(.+)$/.exec(line) ?? []
    const [, removed] = /^RUN rm -rf (.+)$/.exec(line) ?? []
    const [target, ...sources] = list?.split(' ').reverse() ?? []
    for (const source of sources) {
      cpSync(join(ROOT, source), join(directory, target === './' ? source : target!), { recursive: true })
    }
    for (const path of removed?.split(' ') ?? []) rmSync(join(directory, path), { recursive: true })
  }
  return directory
}

async function healthcheck(cwd: string, env: Environment): Promise<number | null> {
  return (await runNode([...READ_ONLY, 'src/healthcheck.ts'], { cwd, env })).code
}

/** Modules that are loaded at run time: not those of `import type`. */
function importsOf(source: string): string[] {
  return [...source.matchAll(/^(?:import|export) (?!type\b)[^'"]*?from '([^']+)'|^import '([^']+)'/gm)].map(
    ([, from, bare]) => from ?? bare!,
  )
}

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/')
}
