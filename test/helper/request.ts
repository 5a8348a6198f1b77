import type { IncomingHttpHeaders } from 'node:http'
import { type Dispatcher, request } from 'undici'

export interface TestRequest {
  readonly method?: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text or bytes as they are; anything else as JSON, with its content type. */
  readonly payload?: unknown
}

export interface TestReply {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  json<T = any>(): T
}

/** A request over a socket, the road that production takes: what is injected begins behind the door in front of Fastify. */
export async function ask(
  base: string,
  { method = 'GET', url, headers = {}, payload }: TestRequest,
): Promise<TestReply> {
  const asIs = payload === undefined || typeof payload === 'string' || Buffer.isBuffer(payload)
  const reply = await request(`${base}${url}`, {
    method: method as Dispatcher.HttpMethod,
    headers: asIs ? headers : { 'content-type': 'application/json', ...headers },
    body: asIs ? ((payload as string | Buffer | undefined) ?? null) : JSON.stringify(payload),
  })
  const body = await reply.body.text()
  return { statusCode: reply.statusCode, headers: reply.headers, body, json: () => JSON.parse(body) }
}
