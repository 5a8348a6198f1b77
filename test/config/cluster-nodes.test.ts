import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createClusterClient } from '../../src/cache/cluster-topology.ts'
import { redisOptions } from '../../src/cache/redis-options.ts'
import { serverTarget } from '../../src/cache/server-target.ts'
import { endpointNames } from '../../src/config/endpoint-names.ts'
import { type ClusterTarget, type Environment, loadConfig } from '../../src/config.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { SOUND } from './faults.ts'

const load = (env: Environment) => loadConfig({ ...SOUND, REDIS_HOST: '', ...env })
const targetOf = (env: Environment) => load(env).redis.target as ClusterTarget

t.test('nodes of a cluster, as they may be given', async t => {
  t.strictSame(targetOf({ REDIS_CLUSTER_NODES: 'n1, n2:7001 ,[::1]:7002', REDIS_PASSWORD: 'kK8#2mPq' }), {
    kind: 'cluster',
    nodes: [
      { host: 'n1', port: 6379 },
      { host: 'n2', port: 7001 },
      { host: '::1', port: 7002 },
    ],
    username: undefined,
    password: 'kK8#2mPq',
    tls: false,
  })
  const file = join(temporaryDirectory(t), 'nodes')
  writeFileSync(file, 'rediss://bot:kK8%232mPq@n1:7000,n2:7001\n')
  t.strictSame(targetOf({ REDIS_CLUSTER_NODES_FILE: file, REDIS_DB: '0' }), {
    kind: 'cluster',
    nodes: [
      { host: 'n1', port: 7000 },
      { host: 'n2', port: 7001 },
    ],
    username: 'bot',
    password: 'kK8#2mPq',
    tls: true,
  })
})

t.test(
  'every connection to a node has the user, the password and TLS; no name of it holds a secret',
  async t => {
    const config = load({ REDIS_CLUSTER_NODES: 'rediss://bot:kK8%232mPq@n1:7000,n2:7001' })
    const target = config.redis.target as ClusterTarget
    const secrets = { username: 'bot', password: 'kK8#2mPq', tls: {}, db: 0 }
    const connection = {
      target: serverTarget(target, { host: 'n3', port: 7002 }),
      connectTimeoutMs: 1,
      name: 'x',
    }
    t.match(redisOptions(connection), { host: 'n3', port: 7002, ...secrets })
    const client = createClusterClient(config, target)
    t.match(client.options.redisOptions, { username: 'bot', password: 'kK8#2mPq', tls: {} })
    client.disconnect()
    t.equal(endpointNames(config).redis, 'cluster of n1:7000,n2:7001 over TLS')
  },
)
