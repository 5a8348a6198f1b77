import { connect, type Socket } from 'node:net'
import { fetch } from 'undici'
import { between, type Fault } from '../faults/fault.ts'
import type { Violation } from '../history.ts'
import type { Stack } from '../stack.ts'
import { type Scenario, UNDISTURBED } from './scenario.ts'

/** More than the open files that a process may have by default. */
const SILENT = 1_074
const FILES = 1_024

/** Connections that say nothing, without credentials, to one gateway. */
const SILENT_CONNECTIONS: Fault = {
  name: `${SILENT} silent connections`,
  async inject(context) {
    const gateway = context.random.pick(context.stack.gateways)
    // What is refused to clients while all places are taken is no fault; what the others do is.
    context.hurt('gateway', [gateway])
    const { port } = new URL(gateway.process.url)
    const sockets: Socket[] = Array.from({ length: SILENT }, () =>
      connect(Number(port), '127.0.0.1').on('error', () => {}),
    )
    await between(context, 1_000, 3_000)
    for (const socket of sockets) socket.destroy()
  },
}

/** Documents of one user as large as they may be, read as a bundle again and again while the others work. */
async function largeDocuments(stack: Stack): Promise<() => Promise<readonly Violation[]>> {
  const [gateway] = stack.gateways
  const url = `${gateway!.process.url}/api/user/settings`
  const headers = {
    authorization: `Bearer ${Object.values(stack.tokens)[0]}`,
    'x-user-id': 'giant',
    'content-type': 'application/json',
  }
  const body = JSON.stringify({ preferences: { notes: 'x'.repeat(3_900_000) } })
  let stopped = false
  const loop = async (work: () => Promise<unknown>) => {
    while (!stopped) await work().catch(() => {})
  }
  const read = async () => {
    const response = await fetch(`${gateway!.process.url}/api/futures/ginie/decision-settings`, { headers })
    await response.arrayBuffer()
  }
  const write = async () => {
    const response = await fetch(url, { method: 'PUT', headers, body })
    await response.arrayBuffer()
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const loops = [loop(read), loop(read), loop(write)]
  return async () => {
    stopped = true
    await Promise.all(loops)
    return []
  }
}

export const CALLERS: readonly Scenario[] = [
  {
    name: 'C16',
    says: `${SILENT} silent connections and ${FILES} open files`,
    stack: { openFiles: FILES },
    faults: [SILENT_CONNECTIONS, UNDISTURBED],
  },
  {
    name: 'C17',
    says: 'documents of megabytes beside those of the others',
    beside: largeDocuments,
    faults: [UNDISTURBED],
  },
]
