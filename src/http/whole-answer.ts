import type { ServerResponse } from 'node:http'

/** A whole answer that Fastify has no part in. */
export interface WholeAnswer {
  readonly status: number
  /** Names and values of headers in turn, as writeHead takes them. */
  readonly head: readonly string[]
  readonly body: Buffer | string | undefined
}

/** Writes it; `id` is its X-Request-Id. Headers that were set on the response go out as well, where `head` has no others. */
export function writeAnswer(response: ServerResponse, id: string, { status, head, body }: WholeAnswer): void {
  response.writeHead(status, [...head, 'x-request-id', id])
  response.end(body)
}
