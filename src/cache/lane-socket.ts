import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ReadLane } from './read-lane.ts'
import type { ConnectionOptions } from './redis-options.ts'
import { RespError } from './resp.ts'

/** A socket to the server that `found` leads to. Rejects when it takes longer than `connectTimeoutMs`. */
export async function connectBeside(
  found: Socket,
  { target, connectTimeoutMs }: ConnectionOptions,
): Promise<Socket> {
  const { remoteAddress, remotePort } = found
  if (remoteAddress === undefined || remotePort === undefined) throw new Error('the connection was lost')
  // By name where there is one: certificates are made out to names.
  const host = target.server?.host ?? remoteAddress
  const address = { host, port: remotePort }
  const socket = target.tls ? connectTls({ ...address, ALPNProtocols: [] }) : connectTcp(address)
  socket.on('error', () => {})
  socket.setNoDelay(true).setKeepAlive(true)
  try {
    await once(socket, target.tls ? 'secureConnect' : 'connect', {
      signal: AbortSignal.timeout(connectTimeoutMs),
    })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** AUTH, SELECT and CLIENT SETNAME. Rejects as ReadLane.send does. */
export async function introduce(lane: ReadLane, { target, name }: ConnectionOptions): Promise<void> {
  const { username, password, db } = target
  const auth = username === undefined ? [password ?? ''] : [username, password ?? '']
  const replies = [
    ...(password === undefined ? [] : [lane.send(['AUTH', ...auth])]),
    ...(db === 0 ? [] : [lane.send(['SELECT', String(db)])]),
  ]
  // Only for CLIENT LIST: an ACL may refuse it.
  const named = lane.send(['CLIENT', 'SETNAME', `${name}-lane`]).catch(error => {
    if (!(error instanceof RespError)) throw error
  })
  await Promise.all([...replies, named])
}
