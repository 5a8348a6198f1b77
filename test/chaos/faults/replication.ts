import { connect } from 'node:net'
import { startRedis } from '../../helper/backends.ts'
import { startTcpProxy } from '../../helper/tcp-proxy.ts'
import { onRedis } from '../stack.ts'
import { untilInSync } from './failover.ts'
import { between, type Fault, type FaultContext } from './fault.ts'

/** The first replica of a Redis gives its data another replication id, while every connection lives. */
const REPLICA_ATTACHED: Fault = {
  name: 'a replica is attached and taken away',
  async inject(context) {
    const { stack } = context
    // The backlog goes a second after the last replica: the next one changes the id again.
    await stack.command(client => client.config('SET', 'repl-backlog-ttl', '1'))
    const replica = await startRedis(stack.scope)
    await onRedis(replica.url, client => client.replicaof('127.0.0.1', stack.redis.port))
    await untilInSync(replica.url)
    await between(context, 0, 1_500)
    await replica.kill()
    await between(context, 1_200, 2_500)
  },
}

/** `redis-cli --rdb` speaks as a replica does. */
const BACKUP: Fault = {
  name: 'a backup by redis-cli --rdb',
  async inject({ stack }) {
    const socket = connect(stack.redis.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('SYNC\r\n')
    await new Promise(resolve => socket.once('data', resolve))
    socket.destroy()
  },
}

/** A replica that has lagged since `lag` began becomes the primary of the server that the gateways are connected to. */
async function laggingReplica(context: FaultContext) {
  const { stack } = context
  const link = await startTcpProxy(stack.scope, stack.redis.port)
  const replica = await startRedis(stack.scope)
  await onRedis(replica.url, client => client.replicaof('127.0.0.1', link.port))
  await untilInSync(replica.url)
  link.blackHole()
  await between(context, 100, 1_200)
  return { link, replica }
}

/** The gateways are led to the new primary, and the old one ends. */
async function follow(context: FaultContext, replica: Awaited<ReturnType<typeof startRedis>>): Promise<void> {
  const { stack } = context
  const old = stack.redis
  await between(context, 500, 3_000)
  for (const gateway of stack.gateways) gateway.redisProxy.retarget(replica.port)
  stack.redis = replica
  await old.kill()
}

/** The primary becomes a replica of one that lagged; Redis closes no connection of a client. */
const DEMOTED: Fault = {
  name: 'a live primary becomes a replica',
  async inject(context) {
    const { link, replica } = await laggingReplica(context)
    await onRedis(replica.url, client => client.replicaof('NO', 'ONE'))
    await onRedis(context.stack.redis.url, client => client.replicaof('127.0.0.1', replica.port))
    await follow(context, replica)
    link.cut()
  },
}

/** As before, and the old primary is a primary again at once, with the data of the other. */
const DEMOTED_AND_BACK: Fault = {
  name: 'a live primary becomes a replica and a primary again',
  async inject(context) {
    const { link, replica } = await laggingReplica(context)
    await onRedis(replica.url, client => client.replicaof('NO', 'ONE'))
    const { url } = context.stack.redis
    await onRedis(url, client => client.replicaof('127.0.0.1', replica.port))
    await untilInSync(url)
    await onRedis(url, client => client.replicaof('NO', 'ONE'))
    link.cut()
    await replica.kill()
  },
}

const FORCED: Fault = {
  name: 'FAILOVER ... FORCE',
  async inject(context) {
    const { link, replica } = await laggingReplica(context)
    // Redis asks the replica under the address by which it knows it.
    await onRedis(context.stack.redis.url, async client => {
      const info = await client.info('replication')
      const port = /slave0:ip=[^,]+,port=(\d+)/.exec(info)?.[1] ?? String(replica.port)
      await client.call('FAILOVER', 'TO', '127.0.0.1', port, 'FORCE', 'TIMEOUT', '1')
    })
    link.pass()
    await follow(context, replica)
    link.cut()
  },
}

/** The replication id changes, the data does not. */
export const REPLICA_FAULTS: readonly Fault[] = [REPLICA_ATTACHED, BACKUP]
/** The primary is another one while its connections live. */
export const DEMOTION_FAULTS: readonly Fault[] = [DEMOTED, FORCED, DEMOTED_AND_BACK]
