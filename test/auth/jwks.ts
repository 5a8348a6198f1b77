import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../helper/backends.ts'

/** A server that publishes keys (JWKS); closed after the test. */
export async function serveKeys(t: Scope, keys: readonly object[]): Promise<URL> {
  const { url } = await serveIssuer(t, (_request, reply) => {
    reply.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  return url
}

export interface TestIssuer {
  readonly url: URL
  /** What it does from now on. */
  answer: RequestListener
  /** Requests so far. */
  asked: number
}

/** An issuer of tokens that answers as the test says; closed after the test, with whatever it holds open. */
export async function serveIssuer(t: Scope, answer: RequestListener): Promise<TestIssuer> {
  const server = createServer((request, reply) => {
    issuer.asked++
    issuer.answer(request, reply)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`)
  const issuer: TestIssuer = { url, answer, asked: 0 }
  return issuer
}
