/** A signal that is aborted by the caller's own one or by a time limit. `end` must be called. */
export interface TimeLimit {
  readonly signal: AbortSignal
  readonly expired: () => boolean
  /** The time begins again. */
  readonly restart: () => void
  /** Until `restart` no time passes. */
  readonly pause: () => void
  readonly end: () => void
}

/** By hand: AbortSignal.any of Node 20 keeps memory for each use of a signal that lives long. */
export function limitTime(
  timeoutMs: number,
  caller: AbortSignal | undefined,
  message = `no answer within ${timeoutMs} ms`,
): TimeLimit {
  const controller = new AbortController()
  let expired = false
  const start = () =>
    setTimeout(() => {
      expired = true
      controller.abort(new Error(message))
    }, timeoutMs)
  let timer = start()
  const forward = () => controller.abort(caller?.reason)
  if (caller?.aborted) forward()
  else caller?.addEventListener('abort', forward, { once: true })
  return {
    signal: controller.signal,
    expired: () => expired,
    restart: () => {
      clearTimeout(timer)
      // Not refresh: it does nothing to a timer that was cleared.
      timer = start()
    },
    pause: () => clearTimeout(timer),
    end: () => {
      clearTimeout(timer)
      caller?.removeEventListener('abort', forward)
    },
  }
}

/** The limit of a stream: it may go on for ever, but not be silent for longer than that. */
export function limitSilence(silenceMs: number, caller: AbortSignal | undefined): TimeLimit {
  return limitTime(silenceMs, caller, `silent for ${silenceMs} ms`)
}

/** Rejects with the signal's reason when it is aborted meanwhile. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms)
    function done() {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted() {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  })
}
