import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../helper/backends.ts'

export interface FakeServer {
  readonly url: string
  /** Every request that arrived, oldest first. */
  readonly requests: IncomingMessage[]
  /** Connections that were opened. */
  readonly connections: () => number
}

/** A server that answers as the test says; `nth` counts the requests from 0. */
export async function fakeServer(
  t: Scope,
  answer: (request: IncomingMessage, reply: ServerResponse, nth: number) => void,
): Promise<FakeServer> {
  const requests: IncomingMessage[] = []
  let connections = 0
  const server: Server = createServer((request, reply) => {
    request.resume()
    answer(request, reply, requests.push(request) - 1)
  })
  server.on('connection', () => {
    connections++
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests, connections: () => connections }
}

export function problem(
  reply: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  reply.writeHead(status, { 'content-type': 'application/problem+json', ...headers })
  reply.end(
    JSON.stringify({ type: 'about:blank', title: code, detail: code, status, code, instance: 'req-1' }),
  )
}

export function json(reply: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  reply.writeHead(200, { 'content-type': 'application/json', ...headers })
  reply.end(JSON.stringify(value))
}
