import type { PrivateCluster } from '../../../src/dev/private-cluster.ts'
import type { Scope } from '../backends.ts'
import type { TcpLine } from '../tcp-line.ts'
import { type Switchboard, startSwitchboard } from '../tcp-proxy.ts'
import { startTestCluster } from './start.ts'

/** The address that a node's connections to other nodes come from. */
export const addressOfNode = (index: number) => `127.1.0.${index + 1}`
/** The address that a gateway's connections come from. */
export const addressOfGateway = (index: number) => `127.2.0.${index + 1}`

/** A cluster in which every way between two nodes, and between a client and a node, can be cut on its own. */
export interface NetworkedCluster extends PrivateCluster {
  /** The ways from a client at this address to the nodes, in the order of the nodes. */
  linesFrom(address: string): readonly TcpLine[]
  /** From now on nothing arrives between an address of the group and one outside it; `addresses` are all there are. */
  separate(group: readonly string[], addresses: readonly string[]): void
  /** Nothing arrives from the primary of a node at it: its copy stays as old as it is. */
  holdReplication(replica: number, primary: number): void
  /** Everything arrives again. */
  join(): void
}

/**
 * Every process has an address of its own in 127.0.0.0/8 and reaches a node through that node's switchboards, one for
 * its port and one for its bus: these know by the address who connects.
 */
export async function startNetworkedCluster(
  t: Scope,
  options: Parameters<typeof startTestCluster>[1] = {},
): Promise<NetworkedCluster> {
  const boards: { client: Switchboard; bus: Switchboard }[] = []
  const cluster = await startTestCluster(t, {
    ...options,
    announce: async ({ port, busPort }, index) => {
      const board = { client: await startSwitchboard(t, port), bus: await startSwitchboard(t, busPort) }
      boards[index] = board
      return { port: board.client.port, busPort: board.bus.port }
    },
    argsOf: index => ['--bind-source-addr', addressOfNode(index)],
  })
  const held = new Set<TcpLine>()
  const hold = (line: TcpLine) => {
    held.add(line)
    line.blackHole()
  }
  return {
    ...cluster,
    linesFrom: address => boards.map(({ client }) => client.from(address)),
    separate: (group, addresses) => {
      for (const [index, { client, bus }] of boards.entries()) {
        const isInside = group.includes(addressOfNode(index))
        for (const address of addresses) {
          if (group.includes(address) === isInside) continue
          hold(client.from(address))
          hold(bus.from(address))
        }
      }
    },
    holdReplication: (replica, primary) => hold(boards[primary]!.client.from(addressOfNode(replica))),
    join: () => {
      for (const line of held) line.pass()
      held.clear()
    },
  }
}
