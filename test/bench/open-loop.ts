import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Call } from './closed-loop.ts'
import type { Measured } from './load.ts'
import { median, quantile } from './rounds.ts'
import { middle } from './writes.ts'

export interface OpenLoopOptions {
  /** Requests per second, whether earlier ones are answered or not. */
  readonly rate: number
  readonly seconds: number
  readonly connections: number
}

export interface OpenMeasured extends Measured {
  /** How late the generator itself was with sending, 99th percentile in milliseconds. */
  readonly late: number
}

export interface OpenContender {
  readonly name: string
  readonly url: string
  readonly call: Call
}

/** Medians over the rounds, by name; in each round one after the other. The first pass warms up and does not count. */
export async function compareLatencies(
  contenders: readonly OpenContender[],
  rounds: number,
  options: OpenLoopOptions,
): Promise<Map<string, OpenMeasured>> {
  const measured = new Map<string, OpenMeasured[]>(contenders.map(({ name }) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    for (const { name, url, call } of contenders) {
      const one = await openLoop(url, call, options)
      if (round >= 0) measured.get(name)!.push(one)
    }
  }
  return new Map(
    [...measured].map(([name, all]) => [name, { ...middle(all), late: median(all.map(({ late }) => late)) }]),
  )
}

/**
 * GETs at a fixed rate. A latency begins when the request is given to the system, or when it was due if no connection
 * was free then. Over plain sockets, for at these rates a client library is what one measures: undici here doubles the
 * median of bare Fastify and makes its 99th percentile ten times as long.
 */
async function openLoop(url: string, call: Call, options: OpenLoopOptions): Promise<OpenMeasured> {
  const { rate, seconds, connections } = options
  const load = new OpenLoad(Math.ceil(rate * seconds))
  const bytes = requestBytes(url, call)
  await Promise.all(Array.from({ length: connections }, () => load.connect(url, bytes)))
  return await load.run(rate)
}

function requestBytes(url: string, { method, path, headers }: Call): Buffer {
  const lines = Object.entries({ Host: new URL(url).host, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return Buffer.from([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
}

class OpenLoad {
  readonly #total: number
  readonly #latencies: Float64Array
  readonly #lateness: Float64Array
  readonly #all: Connection[] = []
  readonly #free: Connection[] = []
  /** When those were due that wait for a connection. */
  readonly #waiting: number[] = []
  #done = 0
  #failed = 0
  #finished = () => {}

  constructor(total: number) {
    this.#total = total
    this.#latencies = new Float64Array(total)
    this.#lateness = new Float64Array(total)
  }

  async connect(url: string, request: Buffer): Promise<void> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    const connection = new Connection(socket, request, (status, milliseconds) => {
      this.#answered(connection, status, milliseconds)
    })
    this.#all.push(connection)
    this.#free.push(connection)
  }

  async run(rate: number): Promise<OpenMeasured> {
    const startedAt = performance.now()
    const answered = new Promise<void>(resolve => {
      this.#finished = resolve
    })
    for (let sent = 0; sent < this.#total; ) {
      // The timer is no finer than a millisecond: what is due by now leaves now.
      const now = performance.now()
      for (; sent < this.#total && startedAt + (sent * 1_000) / rate <= now; sent++) {
        this.#lateness[sent] = now - (startedAt + (sent * 1_000) / rate)
        this.#send(now)
      }
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    await answered
    for (const connection of this.#all) connection.close()
    const latencies = this.#latencies.sort()
    return {
      requests: this.#total,
      rps: rate,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      failed: this.#failed,
      late: quantile(this.#lateness.sort(), 0.99),
    }
  }

  #send(dueAt: number): void {
    const connection = this.#free.shift()
    if (connection === undefined) this.#waiting.push(dueAt)
    else connection.send(dueAt)
  }

  #answered(connection: Connection, status: number, milliseconds: number): void {
    this.#latencies[this.#done++] = milliseconds
    if (status !== 200) this.#failed++
    const dueAt = this.#waiting.shift()
    if (dueAt === undefined) this.#free.push(connection)
    else connection.send(dueAt)
    if (this.#done === this.#total) this.#finished()
  }
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** One request at a time; answers must have a Content-Length. */
class Connection {
  readonly #socket: Socket
  readonly #request: Buffer
  #dueAt = 0
  #status = 0
  #head: Buffer = Buffer.alloc(0)
  /** Of the body; undefined while the head is not complete. */
  #missing: number | undefined

  constructor(socket: Socket, request: Buffer, onAnswer: (status: number, milliseconds: number) => void) {
    this.#socket = socket
    this.#request = request
    socket.on('data', bytes => {
      this.#take(bytes)
      if (this.#missing !== 0) return
      this.#missing = undefined
      onAnswer(this.#status, performance.now() - this.#dueAt)
    })
  }

  send(dueAt: number): void {
    this.#dueAt = dueAt
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    if (this.#missing !== undefined) {
      this.#missing -= bytes.length
      return
    }
    const received = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    const end = received.indexOf(HEAD_END)
    if (end < 0) {
      this.#head = received
      return
    }
    this.#head = Buffer.alloc(0)
    const head = received.toString('latin1', 0, end)
    this.#status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
    this.#missing =
      Number(/^content-length: (\d+)/im.exec(head)?.[1]) - (received.length - end - HEAD_END.length)
  }
}
