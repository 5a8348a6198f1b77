import { startRedis } from '../../helper/backends.ts'
import { startTcpProxy } from '../../helper/tcp-proxy.ts'
import { onRedis } from '../stack.ts'
import { between, type Fault, type FaultContext } from './fault.ts'

/**
 * A replica that lags is promoted. One gateway goes on speaking to the old primary, which still believes it is one,
 * while the others are led to the new; then the old one dies and the last gateway follows.
 */
export const FAILOVER: Fault = {
  name: 'lagging replica promoted',
  async inject(context) {
    const { stack, random } = context
    const old = stack.redis
    const link = await startTcpProxy(stack.scope, old.port)
    const replica = await startRedis(stack.scope)
    // By command, so that it is a primary when it is restarted later.
    await onRedis(replica.url, client => client.replicaof('127.0.0.1', link.port))
    await untilInSync(replica.url)
    link.blackHole()
    await between(context, 100, 1_500)
    await onRedis(replica.url, client => client.replicaof('NO', 'ONE'))
    const [late, ...early] = shuffled(context)
    for (const gateway of early) gateway.redisProxy.retarget(replica.port)
    stack.redis = replica
    await between(context, 200, 2_500)
    if (random.chance(0.5)) await old.kill()
    late?.redisProxy.retarget(replica.port)
    await old.kill()
    link.cut()
  },
}

/** Resolves when the replica holds what its primary holds. */
export async function untilInSync(url: string): Promise<void> {
  for (;;) {
    const info = await onRedis(url, client => client.info('replication'))
    if (info.includes('master_link_status:up')) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function shuffled({ stack, random }: FaultContext) {
  return [...stack.gateways]
    .map(gateway => ({ gateway, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ gateway }) => gateway)
}
