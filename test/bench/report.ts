import type { Growth } from './growth.ts'
import type { Measured } from './load.ts'
import type { OpenMeasured } from './open-loop.ts'
import type { ProcessesResult } from './processes.ts'
import type { Result } from './rounds.ts'
import type { StartResult } from './start.ts'
import type { WriteRates } from './writes.ts'

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** `base`: what a contender is compared with. */
export function comparison(results: readonly Result[], base = 'bare'): string {
  return table(
    ['contender', 'requests/s', `of ${base}`, 'p50 ms', 'p99 ms', 'CPU us'],
    results.map(result => [
      result.failed > 0 ? `${result.name} (${result.failed} FAILED)` : result.name,
      whole(result.rps),
      result.ratio === undefined ? '' : result.ratio.toFixed(2),
      result.p50.toFixed(2),
      result.p99.toFixed(2),
      result.cpuUs === undefined ? '' : result.cpuUs.toFixed(1),
    ]),
  )
}

export function latencyTable(measured: Readonly<Record<string, Measured>>): string {
  return table(
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'failed'],
    Object.entries(measured).map(([name, { rps, p50, p99, failed }]) => [
      name,
      whole(rps),
      p50.toFixed(2),
      p99.toFixed(2),
      String(failed),
    ]),
  )
}

export function openTable(measured: ReadonlyMap<string, OpenMeasured>): string {
  return table(
    ['', 'p50 ms', 'p99 ms', 'sent late, p99 ms', 'failed'],
    [...measured].map(([name, { p50, p99, late, failed }]) => [
      name,
      p50.toFixed(2),
      p99.toFixed(2),
      late.toFixed(2),
      String(failed),
    ]),
  )
}

/** `other`: what the PUTs are compared with. */
export function writeTable(results: readonly WriteRates[], other = 'plain transaction'): string {
  const both = (result: WriteRates, field: 'p50' | 'p99' | 'cpuUs', digits = 1) =>
    `${result.gateway[field].toFixed(digits)} / ${result.other[field].toFixed(digits)}`
  return table(
    [
      'connections',
      'gateway PUT/s',
      `${other}/s`,
      'ratio',
      'p50 ms, both',
      'p99 ms, both',
      'CPU us of the server, both',
      'failed',
    ],
    results.map(result => [
      String(result.connections),
      whole(result.gateway.rps),
      whole(result.other.rps),
      result.ratio.toFixed(2),
      both(result, 'p50'),
      both(result, 'p99'),
      both(result, 'cpuUs', 0),
      String(result.gateway.failed + result.other.failed),
    ]),
  )
}

export function processTable(results: readonly ProcessesResult[]): string {
  return table(
    ['processes', 'requests/s', 'CPU us per request', 'of one process', 'p50 ms', 'p99 ms'],
    results.map(({ processes, rps, cpuUs, ofOne, p50, p99 }) => [
      String(processes),
      whole(rps),
      cpuUs.toFixed(1),
      ofOne.toFixed(2),
      p50.toFixed(2),
      p99.toFixed(2),
    ]),
  )
}

export function growthTable({ results, fullUser }: Growth): string {
  const rows = results.map(({ users, memory, active, any }) => [
    whole(users),
    whole(memory.redisBytes),
    whole(memory.postgresBytes),
    ...[active, any].flatMap(({ rps, cpuUs, cpuOfBare }) => [
      whole(rps),
      cpuUs.toFixed(1),
      cpuOfBare.toFixed(2),
    ]),
  ])
  const head = ['users', 'Redis B/user', 'PostgreSQL B/user']
  const costs = ['1,000 active: requests/s', 'CPU us', 'x bare', 'any user: requests/s', 'CPU us', 'x bare']
  return [
    table([...head, ...costs], rows),
    `One document per user (capital_allocation), without its history. A user with all documents and their history: ${whole(fullUser.redisBytes)} B in Redis, ${whole(fullUser.postgresBytes)} B in PostgreSQL.`,
  ].join('\n\n')
}

export function startTable(results: readonly StartResult[], active: number): string {
  return table(
    [
      '',
      'start to first answer, ms',
      'CPU ms',
      'RSS then, MiB',
      `RSS with ${whole(active)} active users, MiB`,
      'Redis B/user',
    ],
    results.map(({ name, startMs, cpuMs, restMb, activeMb, redisBytes }) => [
      name,
      whole(startMs),
      whole(cpuMs),
      restMb.toFixed(0),
      activeMb === undefined ? '' : activeMb.toFixed(0),
      redisBytes === undefined ? '' : whole(redisBytes),
    ]),
  )
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
