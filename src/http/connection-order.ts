import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Most requests of one connection that wait. At the limit the connection is not read further; bytes already read are parsed. */
const MAX_WAITING = 32

/** A connection with the answer to its last request. */
interface Connection extends Socket {
  [LAST]?: ServerResponse
  [WAITING]?: number
}
const LAST = Symbol('last response')
const WAITING = Symbol('waiting requests')

/**
 * Serves the requests of each connection one after the other: a GET behind a PUT must not answer what was before it
 * (RFC 9112, 9.3.2), and a GET behind another GET nothing older.
 */
export function inOrder(serve: RequestListener): RequestListener {
  return (request, response) => {
    const connection = request.socket as Connection
    connection[LAST] = response
    // Node gives a response its socket when those before it have been sent.
    if (response.socket !== null) serve(request, response)
    else wait(connection, request, response, serve)
  }
}

/** The request that came last on the connection; undefined before the first one. */
export function lastRequest(socket: Socket): IncomingMessage | undefined {
  return (socket as Connection)[LAST]?.req
}

/** The request of a connection that ends meanwhile is never served. */
function wait(
  connection: Connection,
  request: IncomingMessage,
  response: ServerResponse,
  serve: RequestListener,
): void {
  const waiting = (connection[WAITING] ?? 0) + 1
  connection[WAITING] = waiting
  if (waiting === MAX_WAITING) connection.pause()
  response.once('socket', () => {
    const left = connection[WAITING]! - 1
    connection[WAITING] = left
    if (left === MAX_WAITING - 1) connection.resume()
    serve(request, response)
  })
}

/**
 * Calls back when the connection may carry the answer to an unreadable request: at once, or when the requests before it are
 * answered. `mayAnswer` is false when the request that broke off has been answered in part.
 */
export function afterEarlierRequests(socket: Socket, work: (mayAnswer: boolean) => void): void {
  const last = (socket as Connection)[LAST]
  if (last === undefined || last.writableFinished) {
    work(true)
  } else if (last.req.complete) {
    // Node's own listener runs first: it ends the connection if the answer had `Connection: close`.
    last.once('finish', () => work(true))
  } else if (last.socket !== null) {
    work(!last.headersSent)
  } else {
    last.once('socket', () => work(true))
  }
}
