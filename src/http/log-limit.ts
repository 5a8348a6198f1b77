/** Lines of one kind and second: enough to see what happens, too few for callers to fill a disk with. */
const MAX_LINES = 10
const WINDOW_MS = 1_000
/** Kinds come from the code; should they ever come from callers, they are forgotten together. */
const MAX_KINDS = 1_000

interface Window {
  endsAt: number
  lines: number
  suppressed: number
}

/** Bounds the lines that callers can cause, by kind. */
export class LogLimit {
  readonly #windows = new Map<string, Window>()

  /** Undefined = no line; else how many were left out since the last one of this kind. */
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
