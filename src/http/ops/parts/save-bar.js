import { html } from '../lib/html.js'
import { Risk } from './basics.js'

/**
 * What is typed and not saved, how risky it is, and the way on.
 * @param {object} props
 * @param {string} props.text
 * @param {readonly any[] | undefined} props.changes of the dry run; undefined = not known (yet)
 * @param {readonly { path: string, message: string }[]} props.faults
 * @param {() => void} props.onReview
 * @param {() => void} [props.onPlan]
 * @param {() => void} props.onDiscard
 */
export function SaveBar({ text, changes, faults, onReview, onPlan, onDiscard }) {
  const risks = ['high', 'medium', 'low'].filter(risk => changes?.some(change => change.risk === risk))
  const isBad = faults.length > 0 || changes === undefined
  return html`
    <div class="save-bar" role="region" aria-label="Not saved">
      <div role="status">
        <strong>${text}, not saved.</strong>${' '}
        ${risks.map(risk => html`<${Risk} risk=${risk} /> `)}
        ${faults.length === 0 && changes === undefined ? 'Checking…' : null}
        ${faults.length === 0 ? null : html`<ul class="faults">${faults.map(({ path, message }) => html`<li><code>${path}</code> ${message}</li>`)}</ul>`}
      </div>
      <p class="row">
        <button type="button" class="primary" disabled=${isBad} onClick=${onReview}>Review and save…</button>
        ${onPlan && html`<button type="button" disabled=${isBad} onClick=${onPlan}>Save later…</button>`}
        <button type="button" onClick=${onDiscard}>Discard</button>
      </p>
    </div>
  `
}
