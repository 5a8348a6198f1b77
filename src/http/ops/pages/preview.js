import { ProblemAnswer, sentence } from '../lib/api.js'
import { useEffect, useState } from '../lib/html.js'

/** After the last key: a dry run for each letter would be one too many. */
const PAUSE_MS = 350
const NOTHING = { report: undefined, faults: [] }

/**
 * What the gateway would do with what was typed: a dry run after each pause.
 * @param {import('./editor.js').Source} source
 * @param {import('../lib/edits.js').Edits} edits
 * @param {any} patch of the edits
 * @param {boolean} readable every text is a value
 * @returns {{ report: any, faults: readonly { path: string, message: string }[] }} `report` undefined: not known (yet)
 */
export function usePreview(source, edits, patch, readable) {
  const [shown, show] = useState(NOTHING)
  useEffect(() => {
    const left = new AbortController()
    show(({ faults }) => ({ report: undefined, faults: readable ? faults : [] }))
    if (!readable || Object.keys(edits).length === 0) {
      show(NOTHING)
      return undefined
    }
    const ask = async () => {
      const next = await source.preview(patch, left.signal).then(
        report => ({ report, faults: [] }),
        error => ({ report: undefined, faults: faultsIn(error) }),
      )
      if (!left.signal.aborted) show(next)
    }
    const timer = setTimeout(ask, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      left.abort()
    }
  }, [edits])
  return shown
}

function faultsIn(error) {
  if (error instanceof ProblemAnswer && error.faults.length > 0) return error.faults
  return [{ path: '', message: sentence(error) }]
}
