import type { ServerResponse } from 'node:http'

/** A whole answer that is written without Fastify. */
export interface WholeAnswer {
  readonly status: number
  /** Names and values of headers in turn, as writeHead takes them. */
  readonly head: readonly string[]
  readonly body: Buffer | string | undefined
}

/** Writes an answer; `id` is its X-Request-Id. Headers that were set on the response are sent as well, unless `head` has the same. */
export function writeAnswer(response: ServerResponse, id: string, { status, head, body }: WholeAnswer): void {
  response.writeHead(status, [...head, 'x-request-id', id])
  response.end(body)
}
