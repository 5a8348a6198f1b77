import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for `ms`, or until `signal` is aborted. It does not keep the process alive, and never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}
