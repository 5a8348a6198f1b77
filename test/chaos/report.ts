import { countTolerated } from './checker/answers.ts'
import type { Operation } from './history.ts'
import type { Recovery } from './recovery.ts'
import type { RunResult } from './runner.ts'

/** Violations are printed one by one up to this many of each rule. */
const EXAMPLES = 5

/** What a run showed, as text. */
export function report({ history, violations, recoveries, workedMs, numbers, unrest }: RunResult): string {
  const { operations } = history
  const lines = [
    '',
    `operations             ${operations.length} (${perSecond(operations.length, workedMs)}/s for ${(workedMs / 1_000).toFixed(0)} s)`,
    ...['read', 'write', 'write-nothing', 'load-defaults', 'draw'].map(
      type => `  ${type.padEnd(20)} ${operations.filter(each => each.type === type).length}`,
    ),
    `reads by Cache-Status  ${tally(operations.filter(isAnsweredRead), ({ cache }) => cache)}`,
    `tolerated failures     ${[...countTolerated(operations)].map(([name, count]) => `${name}: ${count}`).join(', ') || 'none'}`,
    `stalls of the machine  ${history.windows.filter(({ component }) => component === 'machine').length}`,
    `numbers                ${numbers.drawn} drawn, ${numbers.burned} burned (${perSecond(numbers.drawn, workedMs)}/s)`,
    '',
    `${'fault (time without cache once it is over, ms)'.padEnd(60)} times    p50    p99    max`,
    ...byFault(recoveries),
    row('all', recoveries),
    ...(unrest.length === 0 ? [] : ['', `views changed at the end: ${unrest.join('; ')}`]),
    '',
    `violations             ${violations.length === 0 ? 'none' : tally(violations, ({ rule }) => rule)}`,
  ]
  const shown = new Map<string, number>()
  for (const { rule, message } of violations) {
    const count = (shown.get(rule) ?? 0) + 1
    shown.set(rule, count)
    if (count <= EXAMPLES) lines.push(`  ${rule}: ${message}`)
  }
  return lines.join('\n')
}

/** One row for each fault, by name. */
function byFault(recoveries: readonly Recovery[]): string[] {
  const faults = [...new Set(recoveries.map(({ fault }) => fault))].sort()
  return faults.map(name =>
    row(
      name,
      recoveries.filter(({ fault }) => fault === name),
    ),
  )
}

function row(name: string, recoveries: readonly Recovery[]): string {
  const sorted = recoveries.flatMap(({ withoutCacheMs }) => withoutCacheMs).sort((a, b) => a - b)
  const figures = [0.5, 0.99, 1].map(share => percentile(sorted, share).toFixed(0).padStart(6))
  return `${name.padEnd(60)} ${String(recoveries.length).padStart(5)} ${figures.join(' ')}`
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

function tally<T>(items: readonly T[], nameOf: (item: T) => string): string {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${name}: ${count}`).join(', ')
}

function isAnsweredRead({ type, outcome }: Operation): boolean {
  return type === 'read' && outcome === 'ok'
}

function perSecond(count: number, milliseconds: number): string {
  return ((count / milliseconds) * 1_000).toFixed(0)
}
