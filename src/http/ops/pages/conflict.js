import { sameJson, valueAt } from '../lib/edits.js'
import { valueText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { Badge, Table } from '../parts/basics.js'
import { Dialog } from '../parts/dialog.js'

/**
 * A colleague saved the document while the operator typed: both sides, and the choice.
 * @param {object} props
 * @param {import('../lib/edits.js').Edits} props.edits
 * @param {any} props.before what the operator began with
 * @param {{ version: number, data: any }} props.current what is stored now
 * @param {() => Promise<unknown>} props.onKeep saves the operator's fields over the colleague's
 * @param {() => void} props.onTake drops what the operator typed
 * @param {() => void} props.onLater back to the form, on top of the colleague's version
 */
export function Conflict({ edits, before, current, onKeep, onTake, onLater }) {
  const paths = [...new Set([...Object.keys(edits), ...differing(before, current.data)])]
  const rows = paths.map(path => {
    const names = path.split('.')
    const [was, now] = [valueAt(before, names), valueAt(current.data, names)]
    const both = edits[path] !== undefined && !sameJson(was, now) && !sameJson(now, edits[path].value)
    return [
      html`<code>${path}</code>${both ? html` <${Badge} tone="high">both changed it</${Badge}>` : null}`,
      html`<code>${valueText(was)}</code>`,
      html`<code>${valueText(now)}</code>`,
      edits[path] === undefined ? 'not touched' : html`<code>${valueText(edits[path].value)}</code>`,
    ]
  })
  return html`
    <${Dialog} title="A colleague was faster" apply="Save mine over it" danger onApply=${onKeep} onClose=${onLater}>
      <p>
        Version ${current.version} was saved while you typed; nothing of yours is saved yet. Saving yours changes only the fields that
        you touched. Cancel brings you back to the form, with your changes on top of the new version.
      </p>
      <div class="panel"><${Table} caption="Both sides" headings=${['Field', 'When you began', "Your colleague's", 'Yours']} rows=${rows} /></div>
      <p><button type="button" onClick=${onTake}>Drop mine, keep theirs</button></p>
    </${Dialog}>
  `
}

function differing(one, other, names = []) {
  if (sameJson(one, other)) return []
  const isGroup = value => value !== null && typeof value === 'object' && !Array.isArray(value)
  if (!isGroup(one) || !isGroup(other)) return [names.join('.')]
  const all = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...all].flatMap(name => differing(one[name], other[name], [...names, name]))
}
