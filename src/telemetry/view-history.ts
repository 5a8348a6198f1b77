import type { View } from '../consistency/views.ts'

/** The last mode of one view, so that each change of it is told once, whoever brings the news first. */
export class ViewHistory {
  #last: Pick<View, 'mode' | 'epoch'> | undefined
  #offSince = performance.now()

  /** False before the first news. */
  get isKnown(): boolean {
    return this.#last !== undefined
  }

  /** Milliseconds since it was seen OFF. */
  get sinceOffMs(): number {
    return performance.now() - this.#offSince
  }

  /** True when the mode has changed. Late news means nothing: of an older epoch, or OFF in an epoch that became ON. */
  moves(mode: View['mode'], epoch: number): boolean {
    const last = this.#last
    if (last !== undefined && (epoch < last.epoch || (epoch === last.epoch && last.mode === 'ON')))
      return false
    this.#last = { mode, epoch }
    if (last?.mode === mode) return false
    if (mode === 'OFF') this.#offSince = performance.now()
    return true
  }
}
