import { availableParallelism, loadavg } from 'node:os'
import type { Measurements } from './engine.ts'
import type { GinieOptions } from './options.ts'

/** What a run prints: Markdown. */
export function report(seen: Measurements, options: GinieOptions): string {
  const { users, seconds, intervalMs } = options
  const cycles = seen.settingsMs.length
  const [load] = loadavg()
  const ratio = percentile(seen.selectsMs, 0.5) / percentile(seen.settingsMs, 0.5)
  return [
    `${users} users, a cycle every ${intervalMs} ms each, ${seconds} s: ${cycles} cycles. ${availableParallelism()} cores, load ${load!.toFixed(1)}.`,
    '',
    '| milliseconds per cycle | p50 | p99 | max |',
    '|---|---|---|---|',
    row('settings, through the gateway', seen.settingsMs),
    ...(seen.selectsMs.length > 0 ? [row('the same documents, five SELECTs', seen.selectsMs)] : []),
    row('order number', seen.numberMs),
    '',
    ...(Number.isFinite(ratio) ? [`Five SELECTs take ${ratio.toFixed(1)} times as long at the median.`] : []),
    `Unchanged (304): ${seen.unchanged}. Settings changed ${seen.changes} times, read stale ${seen.stale} times, unverified ${seen.unverified}. Numbers drawn twice: ${seen.repeated}.`,
    ...[...seen.failures].map(([why, times]) => `FAILED ${times} times: ${why}`),
  ].join('\n')
}

/** NaN when there is no value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

function row(name: string, values: readonly number[]): string {
  const cells = [0.5, 0.99, 1].map(share => percentile(values, share).toFixed(2))
  return `| ${name} | ${cells.join(' | ')} |`
}
