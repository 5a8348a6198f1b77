import { closedLoop } from './closed-loop.ts'
import type { Measured } from './load.ts'
import { median } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot } from './stack.ts'

export interface MeasuredWrites extends Measured {
  /** Of the server process, microseconds per write. */
  readonly cpuUs: number
}

export interface WriteRates {
  readonly connections: number
  readonly gateway: MeasuredWrites
  readonly other: MeasuredWrites
  /** Median over the rounds, of the same round each. */
  readonly ratio: number
}

const JSON_TYPE = { 'content-type': 'application/json' }
/** About 3 KB. */
const FILLER = 'x'.repeat(2_500)

export interface WriteOptions {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** A server that takes the writes that are measured. */
export interface Writable {
  readonly server: ServerProcess
  /** Of the document of this user. */
  path(user: string): string
}

export const gatewayWrites = (server: ServerProcess): Writable => ({
  server,
  path: () => '/api/user/settings',
})

/** BEGIN, SELECT FOR UPDATE, UPSERT, COMMIT and a Redis script: servers/plain-writes.ts. */
export const plainWrites = (server: ServerProcess): Writable => ({ server, path: user => `/write/${user}` })

/** PUTs of a changed field of a 3 KB document, each connection to a user of its own, at two servers in turn. */
export async function compareWrites(
  gateway: Writable,
  other: Writable,
  options: WriteOptions,
): Promise<WriteRates> {
  const { rounds, seconds, connections } = options
  let count = Date.now() % 1_000_000
  const round = async ({ server, path }: Writable): Promise<MeasuredWrites> => {
    const before = await server.usage()
    const measured = await closedLoop(server.url, connections, seconds, connection => ({
      method: 'PUT',
      path: path(`writer-${connection}`),
      headers: { ...JSON_TYPE, ...asBot(`writer-${connection}`) },
      body: JSON.stringify({ preferences: { filler: FILLER, round: count++ % 1_000_000 } }),
    }))
    const after = await server.usage()
    return { ...measured, cpuUs: (after.cpuUs - before.cpuUs) / Math.max(1, measured.requests) }
  }
  // The first round of each warms up code and connections, and does not count.
  await round(gateway)
  await round(other)
  const pairs: { gateway: MeasuredWrites; other: MeasuredWrites }[] = []
  for (let pair = 0; pair < rounds; pair++) {
    pairs.push({ other: await round(other), gateway: await round(gateway) })
  }
  return {
    connections,
    gateway: middleWrites(pairs.map(pair => pair.gateway)),
    other: middleWrites(pairs.map(pair => pair.other)),
    ratio: median(pairs.map(pair => pair.gateway.rps / pair.other.rps)),
  }
}

/** Order numbers: each connection draws for a user of its own. */
export function drawNumbers(gateway: ServerProcess, connections: number, seconds: number): Promise<Measured> {
  return closedLoop(gateway.url, connections, seconds, connection => ({
    method: 'POST',
    path: '/api/user/sequence',
    headers: { ...JSON_TYPE, ...asBot(`writer-${connection}`) },
    body: '{}',
  }))
}

function middleWrites(all: readonly MeasuredWrites[]): MeasuredWrites {
  return { ...middle(all), cpuUs: median(all.map(({ cpuUs }) => cpuUs)) }
}

/** Medians, field by field. */
export function middle(all: readonly Measured[]): Measured {
  const of = (field: keyof Measured) => median(all.map(each => each[field]))
  return {
    requests: of('requests'),
    rps: of('rps'),
    p50: of('p50'),
    p99: of('p99'),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
  }
}
