import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { HAS_NGINX, nginxBinary } from '../load/nginx.ts'

interface Service {
  readonly image?: string
  readonly profiles?: readonly string[]
  readonly build?: string
  readonly container_name?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly read_only?: boolean
  readonly secrets?: readonly string[]
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[]
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> }
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } }
  }
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

const ROOT = join(import.meta.dirname, '../..')
const { services, volumes, networks, secrets }: Compose = parse(
  readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'),
  { merge: true, logLevel: 'error' },
)
const { gateway, postgres, redis } = services

t.test('Redis is the one that operators know', async t => {
  t.match(redis, { container_name: 'binance-bot-redis', image: 'redis:7-alpine' })
  const command = redis!.command!.join(' ')
  for (const option of [
    '--appendonly yes',
    '--appendfsync everysec',
    '--maxmemory 512mb',
    '--maxmemory-policy noeviction',
    '--requirepass',
  ]) {
    t.match(command, option)
  }
  t.strictSame(redis!.volumes, ['redis_data:/data'])
})

t.test('every service is probed, and has its data in a named volume', async t => {
  for (const [name, service] of Object.entries(services)) {
    t.ok((service.healthcheck?.test.length ?? 0) > 1, `${name} has a health check`)
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(':')
      t.ok(source! in volumes || source!.startsWith('./'), `${name}: ${source} is declared`)
    }
    for (const network of service.networks ?? []) t.ok(network in networks, `${name}: ${network} is declared`)
  }
  t.ok('redis_data' in volumes)
  t.ok('postgres_data' in volumes)
})

t.test('the stores cannot be reached from outside', async t => {
  t.equal(networks.stores?.internal, true)
  for (const store of [postgres, redis]) {
    t.equal(store!.ports, undefined)
    t.strictSame(store!.networks, ['stores'])
  }
  t.match(gateway!.ports![0], /^127\.0\.0\.1:/, 'and the gateway by what runs on this machine only')
})

t.test('the gateway waits for PostgreSQL, not for Redis', async t => {
  t.equal(gateway!.depends_on!.postgres!.condition, 'service_healthy')
  t.equal(gateway!.depends_on!.redis!.condition, 'service_started')
  t.equal(gateway!.read_only, true)
})

t.test('secrets are files, and each container gets its own ones only', async t => {
  const own: Readonly<Record<string, readonly string[]>> = {
    gateway: ['postgres_password', 'redis_password', 'jwt_secret', 'service_tokens'],
    'gateway-2': ['postgres_password', 'redis_password', 'jwt_secret', 'service_tokens'],
    postgres: ['postgres_password'],
    redis: ['redis_password'],
    grafana: ['grafana_admin_password'],
  }
  for (const [name, service] of Object.entries(services)) {
    t.strictSame(service.secrets ?? [], own[name] ?? [], name)
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (!/PASSWORD|SECRET|TOKEN|AUTH/.test(variable)) continue
      t.match(variable, /_FILE$/, `${name}: ${variable}`)
      const [, secret = ''] = /^\/run\/secrets\/(\w+)$/.exec(value) ?? []
      t.ok(service.secrets?.includes(secret), `${name}: ${variable} is one of its secrets`)
    }
  }
  // Compose cannot mount secrets of the environment into a container whose root is read-only.
  for (const [name, { file }] of Object.entries(secrets)) t.equal(file, `./secrets/${name}`)
  t.strictSame(
    gateway!.env_file,
    [{ path: 'gateway.env', required: false }],
    'nothing of .env but what is named',
  )
})

t.test(
  'the secrets that the script makes are a sound production configuration, and it makes them once',
  async t => {
    const directory = temporaryDirectory(t)
    mkdirSync(join(directory, 'deploy'))
    cpSync(join(ROOT, 'deploy/make-secrets.sh'), join(directory, 'deploy/make-secrets.sh'))
    const make = () => execFileSync('sh', ['deploy/make-secrets.sh'], { cwd: directory, encoding: 'utf8' })
    t.match(make(), 'secrets/jwt_secret is made')
    const read = () =>
      Object.keys(secrets).map(name => readFileSync(join(directory, 'secrets', name), 'utf8'))
    const made = read()
    t.equal(new Set(made).size, made.length)
    t.match(make(), 'secrets/jwt_secret is there already')
    t.strictSame(read(), made)
    for (const name of ['gateway', 'gateway-2']) {
      const env = Object.fromEntries(
        Object.entries(services[name]!.environment!).map(([variable, value]) => [
          variable,
          value.replace('/run/secrets', join(directory, 'secrets')),
        ]),
      )
      const config = loadConfig(env)
      t.equal(config.production, true)
      t.equal(config.http.host, '0.0.0.0')
      t.match(config.redis.target, { server: { host: 'redis' } })
      t.equal(config.redis.target?.password, made[Object.keys(secrets).indexOf('redis_password')]!.trim())
      t.equal(new URL(config.database.url).hostname, 'postgres')
      t.strictSame(
        config.auth.serviceTokens.map(service => service.name),
        ['bot'],
      )
    }
  },
)

t.test('a second instance finds nothing in its way, and all are bounded', async t => {
  t.equal(gateway!.container_name, undefined)
  t.match(gateway!.ports![0], /^127\.0\.0\.1:\$\{GATEWAY_PORT-8080\}:8080$/, 'empty = any free port')
  const { profiles, ...second } = services['gateway-2']!
  const { ports: _, ...first } = gateway!
  t.strictSame(profiles, ['two-gateways'])
  t.strictSame(second, first, 'the same but for its port')
  for (const [name, { logging, deploy }] of Object.entries(services)) {
    t.match(logging, { driver: 'json-file', options: { 'max-size': /m$/, 'max-file': /^\d+$/ } }, name)
    t.match(deploy?.resources.limits, { cpus: /^\d+\.\d$/, memory: /^\d+[MG]$/ }, name)
  }
})

const skip = !HAS_NGINX && 'no nginx here'

t.test('the nginx of two gateways: its configuration is accepted and names both', { skip }, async t => {
  const text = readFileSync(join(ROOT, 'deploy/nginx/nginx.conf'), 'utf8')
  for (const name of ['gateway', 'gateway-2']) {
    t.ok(name in services)
    t.match(text, `server ${name}:8080 `)
  }
  t.strictSame(services.nginx!.profiles, ['two-gateways'])
  const directory = temporaryDirectory(t)
  const config = join(directory, 'nginx.conf')
  // The names are those of compose's network.
  writeFileSync(
    config,
    text.replaceAll(/server gateway\S*:8080/g, 'server 127.0.0.1:8080').replaceAll('/tmp/', `${directory}/`),
  )
  const { binary, env } = nginxBinary()!
  const { status, stderr } = spawnSync(binary, ['-t', '-q', '-c', config, '-p', directory, '-e', 'stderr'], {
    env,
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
})

t.test('what watches the gateway comes with a profile only, pinned, for this machine only', async t => {
  for (const name of ['prometheus', 'grafana']) {
    t.strictSame(services[name]!.profiles, ['observability'])
    t.match(services[name]!.image, /^[\w/]+:v?\d+\.\d+\.\d+$/)
    t.strictSame(services[name]!.networks, ['front'], 'the stores stay out of its reach')
    for (const port of services[name]!.ports ?? []) t.match(port, /^127\.0\.0\.1:/)
  }
})
