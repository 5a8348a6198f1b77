import { SingleBar } from 'cli-progress'

/** Pause between two lines where there is no terminal, milliseconds. */
const LINE_EVERY_MS = 10_000

export interface Progress {
  add(count: number): void
  stop(): void
}

/** A bar in a terminal, a line now and then elsewhere; on the standard error, so that output may be piped. */
export function showProgress(unit: string, total: number): Progress {
  if (!process.stderr.isTTY) return lines(unit)
  const bar = new SingleBar({
    format: `{bar} {value}/{total} ${unit}, {rate}/s, {eta_formatted} left`,
    stream: process.stderr,
    etaBuffer: 100,
    hideCursor: true,
  })
  const startedAt = performance.now()
  let value = 0
  bar.start(total, 0, { rate: 0 })
  return {
    add: count => {
      value += count
      bar.update(Math.round(value), { rate: Math.round(value / ((performance.now() - startedAt) / 1_000)) })
    },
    stop: () => bar.stop(),
  }
}

function lines(unit: string): Progress {
  let value = 0
  let next = performance.now() + LINE_EVERY_MS
  return {
    add: count => {
      value += count
      if (performance.now() < next) return
      next = performance.now() + LINE_EVERY_MS
      process.stderr.write(`${Math.round(value)} ${unit}\n`)
    },
    stop: () => {},
  }
}
