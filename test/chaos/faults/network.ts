import type { TcpLine } from '../../helper/tcp-line.ts'
import type { Component } from '../history.ts'
import type { ChaosGateway } from '../stack.ts'
import { anyGateway, between, type Fault, type FaultContext } from './fault.ts'

type Trouble = (proxy: TcpLine, context: FaultContext) => void

const TROUBLES: Readonly<Record<string, Trouble>> = {
  delays: (proxy, { random }) => proxy.delay(random.between(20, 300)),
  'drops replies': proxy => proxy.dropReplies(),
  'is a black hole': proxy => proxy.blackHole(),
  'is cut': proxy => proxy.cut(),
}
const SERVERS: readonly {
  component: Component
  name: string
  proxyOf: (gateway: ChaosGateway) => TcpLine
}[] = [
  { component: 'redis', name: 'Redis', proxyOf: gateway => gateway.redisProxy },
  { component: 'postgres', name: 'PostgreSQL', proxyOf: gateway => gateway.postgresProxy },
]

/** The network between one gateway, or all, and a server. The others see nothing of it when it is one. */
export const NETWORK_FAULTS: readonly Fault[] = SERVERS.flatMap(({ component, name, proxyOf }) =>
  Object.entries(TROUBLES).map(([trouble, begin]) => ({
    name: `network to ${name} ${trouble}`,
    async inject(context: FaultContext) {
      const gateways = context.random.chance(0.7) ? [anyGateway(context)] : context.stack.gateways
      context.hurt(component, gateways)
      for (const gateway of gateways) begin(proxyOf(gateway), context)
      await between(context, 100, 3_000)
      for (const gateway of gateways) proxyOf(gateway).pass()
    },
  })),
)
