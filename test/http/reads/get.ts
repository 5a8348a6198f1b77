import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import { request } from 'undici'
import { eventually, SERVICE, type TestGateway } from '../../helper/gateway.ts'

export const SCALP = '/api/futures/ginie/modes/scalp'
export const HIT = 'settings-gateway; hit'
export const BOT = { ...SERVICE, 'x-user-id': '42' }
/** Leaves a read to Fastify: a browser's request is not plain. */
export const ORIGIN = { origin: 'http://127.0.0.1' }

type Headers = Record<string, string>

/** Over a socket: what is injected begins behind the door in front of Fastify. */
export async function get(
  { url }: TestGateway,
  path: string,
  headers: Headers = BOT,
  method: 'GET' | 'HEAD' = 'GET',
) {
  const { statusCode, headers: all, body } = await request(`${url}${path}`, { headers, method })
  // undici closes the connection behind a HEAD.
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, 'x-request-id': id, ...rest } = all
  return { status: statusCode, headers: rest, id, body: await body.text() }
}

export async function untilHit(gateway: TestGateway, path: string): Promise<void> {
  await eventually('it is a hit', async () => (await get(gateway, path)).headers['cache-status'] === HIT)
}

/** Counts the requests that Fastify's routes handle from now on, in this process. */
export function countBehind(t: Test): () => number {
  const channel = 'tracing:fastify.request.handler:start'
  let count = 0
  const onStart = () => count++
  subscribe(channel, onStart)
  t.teardown(() => unsubscribe(channel, onStart))
  return () => count
}
