import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from './backends.ts'

export interface HttpProxy {
  readonly url: string
  /** Whether the health check of this upstream passed last time. */
  healthy(port: number): boolean
  /** Requests that reached no upstream, or whose upstream broke off. */
  readonly failures: readonly string[]
}

interface Upstream {
  readonly port: number
  readonly agent: Agent
  healthy: boolean
}

/** As often as a careful load balancer; SHUTDOWN_DELAY_MS must cover it. */
const CHECK_MS = 100
const CHECK_TIMEOUT_MS = 5_000
/** Of one connection, not of the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding']

/**
 * A load balancer on a free port of 127.0.0.1: round robin over the upstreams whose /health/ready answers 200, with
 * connections kept alive. One that does not answer in time is busy, not away: it stays what it was. It never sends a request a second time, so that whatever an instance loses is seen.
 */
export async function startHttpProxy(t: Scope, ports: readonly number[]): Promise<HttpProxy> {
  const upstreams = ports.map(
    (port): Upstream => ({ port, agent: new Agent({ keepAlive: true, maxSockets: 64 }), healthy: false }),
  )
  const failures: string[] = []
  let next = 0

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const fit = upstreams.filter(({ healthy }) => healthy)
    const upstream = fit[next++ % fit.length]
    const fail = (why: string) => {
      failures.push(why)
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502).end()
    }
    if (upstream === undefined) return fail('no upstream is healthy')
    const { method, url, headers } = incoming
    const onward = request({
      host: '127.0.0.1',
      port: upstream.port,
      agent: upstream.agent,
      method,
      path: url,
      headers: endToEnd(headers),
    })
    onward.on('error', error => fail(`${upstream.port}: ${error.message}`))
    onward.on('response', answer => {
      outgoing.writeHead(answer.statusCode!, endToEnd(answer.headers))
      answer.on('error', () => outgoing.destroy()).pipe(outgoing)
    })
    incoming.pipe(onward)
  }

  const server = createServer(forward)
  // Its own clients must not meet a connection that is just being closed.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  let checking = true
  const check = async (upstream: Upstream) => {
    while (checking) {
      upstream.healthy = (await isReady(upstream.port)) ?? upstream.healthy
      await sleep(CHECK_MS)
    }
  }
  const checks = upstreams.map(check)
  t.teardown(async () => {
    checking = false
    await Promise.all(checks)
    for (const { agent } of upstreams) agent.destroy()
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    healthy: port => upstreams.some(upstream => upstream.port === port && upstream.healthy),
    failures,
  }
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)))
}

/** Undefined = it did not say in time. */
async function isReady(port: number): Promise<boolean | undefined> {
  return new Promise(resolve => {
    const asking = request({
      host: '127.0.0.1',
      port,
      path: '/health/ready',
      agent: false,
      timeout: CHECK_TIMEOUT_MS,
    })
    asking
      .on('response', answer => {
        answer.resume()
        resolve(answer.statusCode === 200)
      })
      .on('error', () => resolve(false))
      .on('timeout', () => {
        resolve(undefined)
        asking.destroy()
      })
      .end()
  })
}
