import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../../src/dev/child.ts'
import { findOnPath } from '../../src/dev/redis-binary.ts'
import { onRedis } from '../chaos/stack.ts'
import { createDatabase, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { eventually, SERVICE, startGateway } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const HIT = 'settings-gateway; hit'
const skip = findOnPath('openssl') === undefined ? 'needs openssl to make a certificate' : false

t.test(
  'reads over TLS, as a user, in another database; never without a proof of who the server is',
  {
    skip,
  },
  async t => {
    const directory = temporaryDirectory(t)
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    // To the name alone: whoever asks the address for its certificate refuses it.
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    )
    const tlsPort = await freePort()
    const [databaseUrl, redis] = await Promise.all([
      createDatabase(t),
      startRedis(t, [
        ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate],
      ]),
    ])
    await onRedis(redis.url, client =>
      client.call('ACL', 'SETUSER', 'gateway', 'on', '>se cret', '~*', '&*', '+@all'),
    )
    const env = { DATABASE_URL: databaseUrl, REDIS_URL: `rediss://gateway:se%20cret@localhost:${tlsPort}/2` }

    const { url } = await startInstance(t, { ...env, NODE_EXTRA_CA_CERTS: certificate })
    const headers = { ...SERVICE, 'x-user-id': '42', connection: 'close' }
    await eventually('a hit', async () => {
      const response = await fetch(`${url}${SCALP}`, { headers })
      await response.arrayBuffer()
      return response.headers.get('cache-status') === HIT
    })
    t.type(await onRedis(`${redis.url}/2`, client => client.get('user:42:mode:scalp')), 'string')
    const clients = await onRedis(redis.url, client => client.client('LIST'))
    const [lane = ''] = /^.* name=settings-gateway-read-lane .*$/m.exec(String(clients)) ?? []
    t.match(lane, ` laddr=127.0.0.1:${tlsPort} `)
    t.match(lane, ' db=2 ')
    t.match(lane, ' user=gateway ')

    // Nobody vouches for the certificate here.
    const doubtful = await startGateway(t, env)
    const reply = await doubtful.as('42', { url: SCALP })
    t.equal(reply.statusCode, 200)
    t.not(reply.headers['cache-status'], HIT)
    t.equal((await doubtful.services.status.health()).services.redis.status, 'down')
  },
)
