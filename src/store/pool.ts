import pg from 'pg'

export interface PoolOptions {
  readonly url: string
  readonly poolSize: number
  /** Longest wait for a new connection. */
  readonly connectTimeoutMs: number
  /** Longest wait for one of the pool to become free. */
  readonly freeTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly idleInTransactionTimeoutMs: number
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void

/** The server's timeout fires first and leaves a clean connection; this one is for a server that hangs. */
const CLIENT_GRACE_MS = 250
/** TCP keep-alive finds peers that vanished without a word. */
const KEEP_ALIVE_DELAY_MS = 10_000

export interface GatewayPoolConfig extends pg.PoolConfig {
  /** Longest wait of a client for the server, milliseconds. */
  readonly connectTimeoutMs?: number
  readonly onError?: OnPoolError
}

/** Gets the errors of idle and checked-out connections. */
type OnPoolError = (error: Error) => void

/** Callers that may wait for one connection: at a few milliseconds each these are served before they give up. */
const MAX_WAITING_PER_CONNECTION = 100

/**
 * The pool of PostgreSQL connections, for `new` by ourselves or by @fastify/postgres. It has listeners of errors, without
 * which node-postgres would end the process when the database restarts. It refuses at once when so many wait that the last
 * would wait in vain.
 */
export class GatewayPool extends pg.Pool {
  constructor({ connectTimeoutMs, onError, ...config }: GatewayPoolConfig = {}) {
    super({ ...config, ...(connectTimeoutMs === undefined ? {} : { Client: clientWith(connectTimeoutMs) }) })
    // The pool repeats what an idle client says, and hangs the client onto the error.
    const told = new WeakSet<Error>()
    const tellOnce = (error: Error) => {
      // `end` does not wait until the sockets of idle clients are closed: what becomes of them is no news.
      if (this.ending || told.has(error)) return
      told.add(error)
      onError?.(error)
    }
    this.on('error', tellOnce)
    this.on('connect', client => client.on('error', tellOnce))
  }

  override connect(): Promise<pg.PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const full = this.waitingCount >= this.options.max * MAX_WAITING_PER_CONNECTION
    const error = full ? new Error('too many wait for a connection to the database') : undefined
    if (callback === undefined) return error === undefined ? super.connect() : Promise.reject(error)
    if (error === undefined) super.connect(callback)
    else callback(error, undefined, () => {})
    return undefined
  }
}

/** The pool means the wait for a free connection by this option, its clients that for the server. */
function clientWith(connectionTimeoutMillis: number): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis })
    }
  }
}

/** What GatewayPool takes for these options. */
export function poolConfig(options: PoolOptions, onError: OnPoolError): GatewayPoolConfig {
  return {
    connectionString: options.url,
    application_name: 'settings-gateway',
    max: options.poolSize,
    connectTimeoutMs: options.connectTimeoutMs,
    connectionTimeoutMillis: options.freeTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + CLIENT_GRACE_MS,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    onError,
  }
}

export function createPool(options: PoolOptions, onError: OnPoolError): pg.Pool {
  return new GatewayPool(poolConfig(options, onError))
}

/** The pool of the lease renewals. */
const VIEW_CONNECTIONS = 1

/**
 * The connection of the lease renewals. A renewal that takes longer than the lease (`leaseMs`) is of no use, and this
 * is how an outage is found: statements have as long as the lease. A new connection has its own time, which outlasts
 * the renewal that began it: on a slow line no renewal would ever get one otherwise.
 */
export function createViewPool(
  options: Omit<PoolOptions, 'poolSize' | 'freeTimeoutMs'>,
  leaseMs: number,
  onError: OnPoolError,
): pg.Pool {
  return createPool(
    {
      ...options,
      poolSize: VIEW_CONNECTIONS,
      freeTimeoutMs: options.connectTimeoutMs,
      statementTimeoutMs: Math.min(options.statementTimeoutMs, leaseMs),
    },
    onError,
  )
}
