import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from './backends.ts'
import { createTcpLine, type TcpLine } from './tcp-line.ts'

export interface TcpProxy extends TcpLine {
  readonly port: number
}

/** A TCP proxy with a way of its own for each address that connects. */
export interface Switchboard {
  readonly port: number
  /** The way of connections that come from this address of the machine, such as 127.2.0.1. */
  from(address: string): TcpLine
}

/** A TCP proxy on a free port of 127.0.0.1 that a test can make unreliable. Closed after the test. */
export async function startTcpProxy(t: Scope, firstPort: number): Promise<TcpProxy> {
  const line = createTcpLine(firstPort)
  const port = await listen(t, line.accept, () => line.close())
  return Object.defineProperty(line, 'port', { value: port }) as typeof line & { port: number }
}

/** The same for each address that connects to it. */
export async function startSwitchboard(t: Scope, targetPort: number): Promise<Switchboard> {
  const lines = new Map<string, ReturnType<typeof createTcpLine>>()
  const from = (address: string) => {
    const line = lines.get(address) ?? createTcpLine(targetPort)
    lines.set(address, line)
    return line
  }
  const accept = (client: Socket) => from(client.remoteAddress ?? '').accept(client)
  const port = await listen(t, accept, () => {
    for (const line of lines.values()) line.close()
  })
  return { port, from }
}

async function listen(t: Scope, accept: (client: Socket) => void, close: () => void): Promise<number> {
  const server = createServer({ noDelay: true }, accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => {
    const closed = new Promise(resolve => server.close(resolve))
    close()
    return closed
  })
  return (server.address() as AddressInfo).port
}
