import { sentence } from '../lib/api.js'
import { html, useId, useLayoutEffect, useRef, useState } from '../lib/html.js'
import { Alert } from './basics.js'

/**
 * Asks before something happens. Escape and Enter at once cancel: the harmless button has the focus.
 * @param {object} props
 * @param {unknown} props.title
 * @param {string} props.apply text of the button that does it
 * @param {boolean} [props.disabled] nothing can be done
 * @param {boolean} [props.danger] it costs money or cannot be taken back
 * @param {() => Promise<unknown>} props.onApply the dialog stays, and says why, when it rejects
 * @param {() => void} props.onClose
 * @param {unknown} [props.children]
 */
export function Dialog({ title, apply, disabled = false, danger = false, onApply, onClose, children }) {
  const dialog = useRef(null)
  const cancel = useRef(null)
  const id = useId()
  const [fault, setFault] = useState('')
  const [working, setWorking] = useState(false)
  useLayoutEffect(() => {
    const element = dialog.current
    element.showModal()
    cancel.current.focus()
    // Closed before it is removed, so that the focus goes back to where it was.
    return () => element.close()
  }, [])
  const work = async () => {
    setFault('')
    setWorking(true)
    try {
      await onApply()
    } catch (error) {
      setFault(sentence(error))
      setWorking(false)
    }
  }
  const close = event => {
    event.preventDefault()
    onClose()
  }
  return html`
    <dialog ref=${dialog} aria-labelledby=${id} onCancel=${close}>
      <h2 id=${id}>${title}</h2>
      ${children}
      <${Alert}>${fault}</${Alert}>
      <p class="row">
        <button type="button" class=${danger ? 'danger' : 'primary'} disabled=${disabled || working} onClick=${work}>${apply}</button>
        <button type="button" ref=${cancel} onClick=${onClose}>Cancel</button>
      </p>
    </dialog>
  `
}
