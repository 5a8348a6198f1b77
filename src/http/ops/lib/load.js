import { useEffect, useState } from './html.js'

/**
 * Loads something when a component appears and when its inputs change; what was loaded stays while it is loaded again.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {readonly unknown[]} inputs
 * @returns {{ value?: T, error?: unknown, loading: boolean, reload: () => void }}
 */
export function useLoad(load, inputs) {
  const [state, setState] = useState({ loading: true })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const left = new AbortController()
    const show = next => {
      if (!left.signal.aborted) setState(next)
    }
    setState(before => ({ ...before, loading: true }))
    load(left.signal).then(
      value => show({ value, loading: false }),
      error => show(before => ({ ...before, error, loading: false })),
    )
    return () => left.abort()
  }, [...inputs, turn])
  return { ...state, reload: () => setTurn(before => before + 1) }
}
