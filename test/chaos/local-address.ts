import { Socket, type TcpNetConnectOpts } from 'node:net'

/**
 * From now on the TCP connections of this process come from `address`, one of 127.0.0.0/8: a proxy then knows who
 * connects. Connections that are asked for by port alone keep theirs.
 */
export function connectFrom(address: string): void {
  const connect = Socket.prototype.connect as unknown as (this: Socket, ...args: unknown[]) => Socket
  Socket.prototype.connect = function connectBound(this: Socket, ...args: unknown[]) {
    // net.connect has made a list of them.
    const [options] = Array.isArray(args[0]) ? args[0] : args
    if (isTcp(options)) options.localAddress ??= address
    return connect.apply(this, args)
  } as typeof Socket.prototype.connect
}

function isTcp(options: unknown): options is TcpNetConnectOpts {
  return typeof options === 'object' && options !== null && 'port' in options && options.port !== undefined
}
