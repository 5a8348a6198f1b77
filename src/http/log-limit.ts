/** Most lines of one kind per second: enough to see what happens, too few to fill a disk. */
const MAX_LINES = 10
const WINDOW_MS = 1_000
/** Kinds are problem codes, so there are few. At this limit all are dropped at once. */
const MAX_KINDS = 1_000

interface Window {
  endsAt: number
  lines: number
  suppressed: number
}

/** Bounds the log lines that callers can cause, by kind. */
export class LogLimit {
  readonly #windows = new Map<string, Window>()

  /** Undefined = write no line; else the number of lines suppressed since the last one of this kind. */
  take(kind: string, now = performance.now()): number | undefined {
    let window = this.#windows.get(kind)
    if (window === undefined) {
      if (this.#windows.size >= MAX_KINDS) this.#windows.clear()
      window = { endsAt: now + WINDOW_MS, lines: 0, suppressed: 0 }
      this.#windows.set(kind, window)
    }
    if (now >= window.endsAt) {
      window.endsAt = now + WINDOW_MS
      window.lines = 0
    }
    if (window.lines >= MAX_LINES) {
      window.suppressed++
      return undefined
    }
    window.lines++
    const { suppressed } = window
    window.suppressed = 0
    return suppressed
  }
}
