import type { Load, LoadGenerator } from './load.ts'
import type { ServerProcess } from './server-process.ts'

/** One way to answer, among those that are compared. */
export interface Contender {
  readonly name: string
  /** Bare Fastify with the same bytes, by its name; its ratio is printed. */
  readonly against?: string
  readonly load: Omit<Load, 'seconds' | 'connections'>
  /** Undefined: not a process of ours, its CPU is not known. */
  readonly server: ServerProcess | undefined
}

export interface Result {
  readonly name: string
  readonly against: string | undefined
  /** Medians over the rounds. Latencies in milliseconds, CPU of the server in microseconds per request. */
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly cpuUs: number | undefined
  /** Median over the rounds of the ratio to `against` in the same round: throughput, and the other way round CPU. */
  readonly ratio: number | undefined
  readonly failed: number
}

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

interface Sample {
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly cpuUs: number | undefined
  readonly failed: number
}

/** Runs all contenders once per round, one after the other, so that a noisy minute hits all of them. */
export async function compare(
  generator: LoadGenerator,
  contenders: readonly Contender[],
  options: Rounds,
): Promise<Result[]> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  // The first pass warms up code and caches and does not count.
  for (const contender of contenders)
    await measure(generator, contender, {
      ...options,
      seconds: Math.min(1, options.seconds),
    })
  for (let round = 0; round < options.rounds; round++) {
    // Every other round backwards: none always runs behind the same neighbour.
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const contender of order) {
      samples.get(contender.name)!.push(await measure(generator, contender, options))
    }
  }
  return contenders.map(({ name, against }) => {
    const own = samples.get(name)!
    const base = against === undefined ? undefined : samples.get(against)
    const cpu = own.map(({ cpuUs }) => cpuUs).filter(value => value !== undefined)
    return {
      name,
      against,
      rps: median(own.map(({ rps }) => rps)),
      p50: median(own.map(({ p50 }) => p50)),
      p99: median(own.map(({ p99 }) => p99)),
      cpuUs: cpu.length === 0 ? undefined : median(cpu),
      ratio: base && median(own.map(({ rps }, round) => rps / base[round]!.rps)),
      failed: own.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
}

async function measure(
  generator: LoadGenerator,
  { load, server }: Contender,
  options: Rounds,
): Promise<Sample> {
  const before = await server?.usage()
  const measured = await generator.run({ ...load, ...options })
  const after = await server?.usage()
  const cpuUs = before && after && (after.cpuUs - before.cpuUs) / Math.max(1, measured.requests)
  return { ...measured, cpuUs }
}

/** Of sorted values; 0 without any. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.floor(sorted.length * q)] ?? 0
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
