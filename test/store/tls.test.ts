import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startPrivatePostgres } from '../../src/dev/private-postgres.ts'
import { findOnPath } from '../../src/dev/redis-binary.ts'
import { databaseFailure } from '../../src/start-failure.ts'
import { migrate } from '../../src/store/migrate.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { startGateway } from '../helper/gateway.ts'

const skip = findOnPath('openssl') === undefined ? 'needs openssl to make a certificate' : false

t.test('PostgreSQL over TLS, its certificate checked', { skip }, async t => {
  const directory = temporaryDirectory(t)
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  )
  // PostgreSQL takes a key that others may read only from root, and for its group.
  chmodSync(key, process.getuid?.() === 0 ? 0o640 : 0o600)
  chmodSync(directory, 0o755)
  mkdirSync(join(directory, 'data'), { recursive: true })
  const server = await startPrivatePostgres({
    dataDir: join(directory, 'data/postgres'),
    durable: false,
    settings: ['ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`],
  })
  t.teardown(() => server.kill())
  const trusted = `${server.url}?sslmode=verify-full&sslrootcert=${certificate}`
  const gateway = await startGateway(t, { DATABASE_URL: trusted })
  t.equal((await gateway.as('42', { url: '/api/user/settings' })).statusCode, 200)
  const { rows } = await gateway.services.pool.query(
    'SELECT count(*)::int AS open, count(*) FILTER (WHERE ssl)::int AS encrypted FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = $1',
    ['settings-gateway'],
  )
  t.ok(rows[0].open > 1)
  t.equal(rows[0].encrypted, rows[0].open, 'every connection of the gateway is encrypted')
  const failure = (url: string) =>
    migrate(url).then(
      () => 'it was taken',
      error => databaseFailure(error, url),
    )
  t.match(await failure(`${server.url}?sslmode=verify-full`), /cannot be used: self-signed certificate/)
  const otherName = trusted.replace('@127.0.0.1', '@localhost')
  t.match(await failure(otherName), /cannot be used: Hostname\/IP does not match certificate's altnames/)
})
