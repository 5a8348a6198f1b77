/** A value that is being read while something else is done. */
export interface Started<T> {
  /** Resolves, never rejects, when `value` can be taken. */
  readonly ready: Promise<void>
  /** Throws what the reading failed with. Only after `ready`. */
  readonly value: T
}

/** Follows a promise, so that its value can be taken where nothing may wait. */
export function follow<T>(promise: Promise<T>): Started<T> {
  let take = (): T => {
    throw new Error('the value is not there yet')
  }
  const ready = promise.then(
    value => {
      take = () => value
    },
    error => {
      take = () => {
        throw error
      }
    },
  )
  return {
    ready,
    get value() {
      return take()
    },
  }
}
