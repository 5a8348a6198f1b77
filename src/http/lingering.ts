import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { lastRequest } from './connection-order.ts'

/** Most bytes that are read and thrown away: several times the largest body that a route takes by default. */
const MAX_BYTES = 32 * 1_024 * 1_024
/** Longest time that a caller may go on sending, and that it may be silent: a connection is not to be had for a refusal. */
const MAX_MS = 10_000
const MAX_SILENCE_MS = 2_000
const LOOK_EVERY_MS = 100

interface Connection extends Socket {
  [LINGERS]?: true
}
const LINGERS = Symbol('lingers')

/**
 * Lets the last answer of the connection reach a caller who is still sending the body: a connection that is closed with
 * unread bytes is reset, and the reset overtakes the answer (RFC 9112, 9.6). So the gateway ends its side and throws away
 * what still comes. Node calls `destroySoon` behind an answer with `Connection: close`; requests that have come as a whole
 * end as before. `onLinger` is called when a connection begins to linger.
 */
export function lingerBeforeClose(socket: Socket, onLinger: () => void): void {
  socket.destroySoon = () => {
    const request = lastRequest(socket)
    if (request === undefined || request.complete || socket.destroyed) {
      Socket.prototype.destroySoon.call(socket)
      return
    }
    onLinger()
    linger(socket, request)
  }
}

/** True when the connection takes no more requests: those behind the last answer must not be carried out. */
export function isLingering(socket: Socket): boolean {
  return (socket as Connection)[LINGERS] === true
}

function linger(socket: Connection, request: IncomingMessage): void {
  if (socket[LINGERS]) return
  socket[LINGERS] = true
  const end = () => socket.destroy()
  const { bytesRead: before } = socket
  let seen = before
  let silentMs = 0
  let passedMs = 0
  // Node's parser reads from the socket without events, so its count is looked at.
  const looking = setInterval(() => {
    const { bytesRead } = socket
    passedMs += LOOK_EVERY_MS
    silentMs = bytesRead === seen ? silentMs + LOOK_EVERY_MS : 0
    seen = bytesRead
    if (passedMs >= MAX_MS || silentMs >= MAX_SILENCE_MS || bytesRead - before > MAX_BYTES) end()
  }, LOOK_EVERY_MS)
  socket
    .once('end', end)
    .once('close', () => clearInterval(looking))
    .end()
  request.once('end', end).resume()
}
