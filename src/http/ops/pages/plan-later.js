import { html, useState } from '../lib/html.js'
import { Changes } from '../parts/changes.js'
import { Dialog } from '../parts/dialog.js'

/** Lets a change take effect later, and go back by itself. */

/**
 * @param {object} props
 * @param {import('./editor.js').Source} props.source
 * @param {any} props.report of the dry run
 * @param {(plan: { at: string, until?: string, note?: string }) => Promise<unknown>} props.onApply
 * @param {() => void} props.onClose
 */
export function PlanLater({ source, report, onApply, onClose }) {
  const [at, setAt] = useState('')
  const [until, setUntil] = useState('')
  const [note, setNote] = useState('')
  const fault = faultOf(at, until)
  const apply = () =>
    onApply({
      at: moment(at),
      ...(until === '' ? {} : { until: moment(until) }),
      ...(note.trim() === '' ? {} : { note: note.trim() }),
    })
  return html`
    <${Dialog} title="Save later" apply="Plan it" disabled=${fault !== ''} onApply=${apply} onClose=${onClose}>
      <p>
        The change takes effect by itself, also when this page is closed. With an end, each field goes back then to what it was, unless it
        was changed meanwhile. Times are those of ${Intl.DateTimeFormat().resolvedOptions().timeZone}.
      </p>
      <div class="fields">
        <div class="field">
          <label for="plan-at">From</label>
          <input id="plan-at" type="datetime-local" required value=${at} onInput=${event => setAt(event.target.value)} aria-describedby="plan-fault" />
        </div>
        <div class="field">
          <label for="plan-until">Until, if it should go back</label>
          <input id="plan-until" type="datetime-local" value=${until} onInput=${event => setUntil(event.target.value)} aria-describedby="plan-fault" />
        </div>
        <div class="field">
          <label for="plan-note">Why</label>
          <input id="plan-note" maxlength="500" value=${note} onInput=${event => setNote(event.target.value)} />
        </div>
      </div>
      <p id="plan-fault" class="fault" role="status">${at === '' ? '' : fault}</p>
      <${Changes} changes=${report.changes.map(change => ({ document: source.kind, ...change }))} side="new" />
    </${Dialog}>
  `
}

/** @param {string} local of an input: without a zone, so in the operator's */
function moment(local) {
  return new Date(local).toISOString()
}

function faultOf(at, until) {
  if (at === '') return 'say when'
  if (Date.parse(at) <= Date.now()) return 'From is over already'
  return until !== '' && Date.parse(until) <= Date.parse(at) ? 'Until must be after From' : ''
}
