import { type Call, closedLoop } from './closed-loop.ts'
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
  readonly plain: MeasuredWrites
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

/**
 * PUTs of a changed field of a 3 KB document, each connection to a user of its own, beside the plain transaction
 * (servers/plain-writes.ts) of the same size.
 */
export async function compareWrites(
  gateway: ServerProcess,
  bare: ServerProcess,
  options: WriteOptions,
): Promise<WriteRates> {
  const { rounds, seconds, connections } = options
  const users = Array.from({ length: connections }, (_, i) => `writer-${i}`)
  const put = (path: string, user: string, body: object) => ({
    method: 'PUT' as const,
    path,
    headers: { ...JSON_TYPE, ...asBot(user) },
    body: JSON.stringify(body),
  })
  const change = (n: number) => ({ preferences: { filler: FILLER, round: n % 1_000_000 } })
  let count = Date.now() % 1_000_000
  const round = async (
    server: ServerProcess,
    next: (connection: number) => Call,
  ): Promise<MeasuredWrites> => {
    const before = await server.usage()
    const measured = await closedLoop(server.url, connections, seconds, next)
    const after = await server.usage()
    return { ...measured, cpuUs: (after.cpuUs - before.cpuUs) / Math.max(1, measured.requests) }
  }
  const gatewayRound = () =>
    round(gateway, connection => put('/api/user/settings', users[connection]!, change(count++)))
  const plainRound = () =>
    round(bare, connection => put(`/write/${users[connection]}`, users[connection]!, change(count++)))
  await gatewayRound()
  await plainRound()
  const pairs: { gateway: MeasuredWrites; plain: MeasuredWrites }[] = []
  for (let pair = 0; pair < rounds; pair++) {
    pairs.push({ plain: await plainRound(), gateway: await gatewayRound() })
  }
  return {
    connections,
    gateway: middleWrites(pairs.map(pair => pair.gateway)),
    plain: middleWrites(pairs.map(pair => pair.plain)),
    ratio: median(pairs.map(pair => pair.gateway.rps / pair.plain.rps)),
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
