import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { SOUND } from './faults.ts'

t.test('what the environment holds anyway is no misspelling', async () => {
  loadConfig({
    ...SOUND,
    PATH: '/usr/bin',
    HOME: '/root',
    HOSTNAME: 'gateway-1',
    HOSTTYPE: 'x86_64',
    POST: 'x',
    PORTS: '1',
    NODE_VERSION: '24.1.0',
    NODE_OPTIONS: '--max-old-space-size=512',
    NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
    npm_package_name: 'settings-gateway',
    npm_config_loglevel: 'error',
    PGPASSWORD: 'x',
    PGSSLMODE: 'require',
    POSTGRES_PASSWORD: 'x',
    REDISCLI_AUTH: 'x',
    REDIS_VERSION: '7.2.4',
    REDIS_TLS_URL: 'rediss://x',
    DATABASE_URL_UNPOOLED: 'postgres://x',
    DB_HOST: 'x',
    BINANCE_API_KEY: 'x',
    JWT_SECRET_KEY: 'x',
    OTEL_EXPORTER_OTLP_HEADERS: 'x',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'x',
    OTEL_SERVICE_NAME: 'x',
    SETTINGS_GATEWAY_DATA_DIR: '/data',
    REDIS_POOLSIZE: ' ',
  })
})

t.test('the services of Kubernetes and the links of Docker are none, whatever their names', async t => {
  const links: Record<string, string> = {}
  for (const service of ['REDIS', 'DATABASE', 'REDIS_POOL', 'SETTINGS_GATEWAY', 'JWT']) {
    links[`${service}_SERVICE_HOST`] = '10.0.0.1'
    links[`${service}_SERVICE_PORT`] = '6379'
    links[`${service}_SERVICE_PORT_REDIS_URL`] = '6379'
    links[`${service}_PORT`] = 'tcp://10.0.0.1:6379'
    links[`${service}_PORT_6379_TCP`] = 'tcp://10.0.0.1:6379'
    links[`${service}_PORT_6379_TCP_PROTO`] = 'tcp'
    links[`${service}_PORT_6379_TCP_PORT`] = '6379'
    links[`${service}_PORT_6379_TCP_ADDR`] = '10.0.0.1'
  }
  t.strictSame(
    loadConfig({ ...SOUND, ...links }),
    loadConfig(SOUND),
    'REDIS_PORT of a service named redis counts for nothing',
  )
  loadConfig({ ...SOUND, ...links, REDIS_HOST: '', REDIS_URL: 'redis://redis:6379' })
  loadConfig({ ...SOUND, ...links, REDIS_HOST: '' })
})
