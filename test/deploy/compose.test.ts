import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.ts'

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
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly secrets: Readonly<Record<string, { readonly environment: string }>>
}

const { services, volumes, networks, secrets }: Compose = parse(
  readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8'),
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

t.test('no secret is written into it', async t => {
  for (const [name, { environment = {} }] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(environment)) {
      if (!/PASSWORD|SECRET|TOKEN|AUTH/.test(variable)) continue
      if (variable.endsWith('__FILE'))
        t.match(value, /^\/run\/secrets\/\w+$/, `${name}: ${variable} is a secret`)
      else t.match(value, /^\$\{\w+:\?set \w+\}$/, `${name}: ${variable} must come from the environment`)
    }
  }
})

t.test('with secrets set, the environment of the gateway is a sound production configuration', async t => {
  const values: Readonly<Record<string, string>> = {
    POSTGRES_PASSWORD: 'kT4vLq9sXw2Z',
    REDIS_PASSWORD: 'pR7nBc5mYd8J',
    JWT_SECRET: 'Jq3v8Zt1Lw6Xb9Nc4Rm7Ky2Pf5Hd0Gs8',
    SERVICE_TOKENS: 'bot=Aw4Sx7Dc1Fv8Gb3Hn6Jm9Kl2Qp5Zo0Ti',
  }
  const env = Object.fromEntries(
    Object.entries(gateway!.environment!).map(([name, value]) => [name, interpolate(value, values)]),
  )
  const config = loadConfig(env)
  t.equal(config.production, true)
  t.equal(config.http.host, '0.0.0.0')
  t.equal(config.redis.target?.server?.host, 'redis')
  t.equal(new URL(config.database.url).hostname, 'postgres')
})

t.test('what watches the gateway comes with a profile only, pinned, for this machine only', async t => {
  for (const name of ['prometheus', 'grafana']) {
    t.strictSame(services[name]!.profiles, ['observability'])
    t.match(services[name]!.image, /^[\w/]+:v?\d+\.\d+\.\d+$/)
    t.strictSame(services[name]!.networks, ['front'], 'the stores stay out of its reach')
    for (const port of services[name]!.ports ?? []) t.match(port, /^127\.0\.0\.1:/)
  }
  t.strictSame(secrets, { grafana_admin_password: { environment: 'GRAFANA_ADMIN_PASSWORD' } })
})

/** `${NAME:?message}` and `${NAME:-default}`, as compose does it. */
function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const value = values[name] ?? (kind === '-' ? rest : undefined)
    if (value === undefined) throw new Error(rest)
    return value
  })
}
