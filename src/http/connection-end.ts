import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

const waiting = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls back once when the caller's side of the connection has ended, immediately when it already has. The events of the
 * response are no substitute: it emits `close` only while it is the one being sent, and never again for a later listener.
 * Returns a function that removes the callback. One listener per socket, because requests may be pipelined.
 */
export function onConnectionEnd(socket: Socket, work: () => void): () => void {
  if (socket.destroyed || socket.readableEnded) {
    work()
    return () => {}
  }
  let works = waiting.get(socket)
  if (works === undefined) {
    works = new Set()
    waiting.set(socket, works)
    const ended = () => {
      const all = [...works!]
      works!.clear()
      for (const each of all) each()
    }
    // FIN alone counts as well: Node ends its side at once.
    socket.once('end', ended).once('close', ended)
  }
  works.add(work)
  return () => works.delete(work)
}

/** Calls back once when the answer has left the process, or the caller has disconnected: Fastify runs no onResponse hook then. */
export function onAnswerEnd({ raw }: FastifyRequest, reply: FastifyReply, work: () => void): void {
  onResponseEnd(raw.socket, reply.raw, work)
}

/** The same without Fastify. */
export function onResponseEnd(socket: Socket, response: ServerResponse, work: () => void): void {
  let over = false
  let forget = () => {}
  const end = () => {
    if (over) return
    over = true
    forget()
    response.removeListener('finish', end)
    work()
  }
  response.once('finish', end)
  forget = onConnectionEnd(socket, end)
}
