/** A signal that is aborted by the caller's own one or by a time limit. `end` must be called. */
export interface TimeLimit {
  readonly signal: AbortSignal
  readonly expired: () => boolean
  readonly end: () => void
}

/** By hand: AbortSignal.any of Node 20 keeps memory for each use of a signal that lives long. */
export function limitTime(timeoutMs: number, caller: AbortSignal | undefined): TimeLimit {
  const controller = new AbortController()
  let expired = false
  const timer = setTimeout(() => {
    expired = true
    controller.abort(new Error(`no answer within ${timeoutMs} ms`))
  }, timeoutMs)
  const forward = () => controller.abort(caller?.reason)
  if (caller?.aborted) forward()
  else caller?.addEventListener('abort', forward, { once: true })
  return {
    signal: controller.signal,
    expired: () => expired,
    end: () => {
      clearTimeout(timer)
      caller?.removeEventListener('abort', forward)
    },
  }
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
