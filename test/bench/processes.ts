import type { LoadGenerator, Measured } from './load.ts'
import { DECISION, DEFAULT_USER } from './reads.ts'
import { median } from './rounds.ts'
import type { ServerProcess } from './server-process.ts'
import { asBot, type Stack } from './stack.ts'

export interface ProcessesResult {
  readonly processes: number
  readonly rps: number
  /** Of all processes together, microseconds per request. */
  readonly cpuUs: number
  readonly p50: number
  readonly p99: number
  /** CPU per request against one process in the same round. */
  readonly ofOne: number
}

export interface ProcessesOptions {
  readonly counts: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** decision-settings from several gateway processes on one Redis, `first` and more, the connections divided. */
export async function compareProcesses(
  stack: Stack,
  generator: LoadGenerator,
  first: ServerProcess,
  { counts, rounds, seconds, connections }: ProcessesOptions,
): Promise<ProcessesResult[]> {
  const more = Array.from({ length: Math.max(...counts) - 1 }, () => stack.gateway())
  const gateways = [first, ...(await Promise.all(more))]
  const run = async (count: number) => {
    const running = gateways.slice(0, count)
    const before = await cpuOf(running)
    const parts = await Promise.all(
      running.map(({ url }) =>
        generator.run({
          url: `${url}${DECISION}`,
          headers: asBot(DEFAULT_USER),
          connections: Math.max(1, Math.floor(connections / count)),
          seconds,
        }),
      ),
    )
    return { parts, cpuUs: ((await cpuOf(running)) - before) / sum(parts, 'requests') }
  }
  await run(gateways.length)
  const samples: Awaited<ReturnType<typeof run>>[][] = []
  for (let round = 0; round < rounds; round++) {
    const row: Awaited<ReturnType<typeof run>>[] = []
    for (const count of counts) row.push(await run(count))
    samples.push(row)
  }
  return counts.map((processes, i) => {
    const own = samples.map(row => row[i]!)
    return {
      processes,
      rps: median(own.map(({ parts }) => sum(parts, 'rps'))),
      cpuUs: median(own.map(({ cpuUs }) => cpuUs)),
      p50: median(own.map(({ parts }) => sum(parts, 'p50') / parts.length)),
      p99: median(own.map(({ parts }) => Math.max(...parts.map(({ p99 }) => p99)))),
      ofOne: median(own.map(({ cpuUs }, round) => cpuUs / samples[round]![0]!.cpuUs)),
    }
  })
}

async function cpuOf(servers: readonly ServerProcess[]): Promise<number> {
  const usages = await Promise.all(servers.map(server => server.usage()))
  return usages.reduce((total, { cpuUs }) => total + cpuUs, 0)
}

function sum(parts: readonly Measured[], field: keyof Measured): number {
  return parts.reduce((total, part) => total + part[field], 0)
}
