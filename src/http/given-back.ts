import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'

/** What became in front of Fastify of a request that was taken there. It counts against its caller's limit already. */
export interface GivenBack {
  readonly waitedMs: number
  /** Absent = its read did not fail. */
  readonly failure?: { readonly error: unknown }
}

const givenBack = new WeakMap<IncomingMessage, GivenBack>()

/** To be called before Fastify gets the request. */
export function noteGivenBack(request: IncomingMessage, note: GivenBack): void {
  givenBack.set(request, note)
}

/** Undefined for a request that Fastify got at once. */
export function givenBackOf({ raw }: FastifyRequest): GivenBack | undefined {
  return givenBack.get(raw)
}

/** Throws what the read of this request failed with in front of Fastify: it is not made twice. */
export function throwFailure(request: FastifyRequest): void {
  const failure = givenBackOf(request)?.failure
  if (failure !== undefined) throw failure.error
}
