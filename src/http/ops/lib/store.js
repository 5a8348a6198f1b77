import { useEffect, useState } from './html.js'

/**
 * A value that several components show.
 * @template T
 * @param {T} value
 */
export function createStore(value) {
  const listeners = new Set()
  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      value = next
      for (const listen of listeners) listen(next)
    },
    /** In a component: the value, and another rendering when it changes. */
    use() {
      const [shown, show] = useState(value)
      useEffect(() => {
        // It may have changed between the rendering and this effect.
        show(value)
        listeners.add(show)
        return () => listeners.delete(show)
      }, [])
      return shown
    },
  }
}
