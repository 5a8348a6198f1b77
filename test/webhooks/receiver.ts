import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../helper/backends.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

export interface Received {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Receiver {
  readonly url: string
  /** Every request, in order, whatever it was answered. */
  readonly received: readonly Received[]
  /** What the next requests are answered; `silent` = nothing. */
  status: number | 'silent'
}

/** A receiver of webhooks on a free port of 127.0.0.1, closed after the test. */
export async function startReceiver(t: Scope, status: Receiver['status'] = 200): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      received.push({
        id: String(request.headers['webhook-id']),
        headers: request.headers,
        body,
        ...JSON.parse(body),
      })
      if (receiver.status === 'silent') return
      response.writeHead(receiver.status, { location: receiver.url }).end('thanks')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = { url: `http://127.0.0.1:${port}/hook?key=in-the-address`, received, status }
  return receiver
}
