import { countText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { Changes } from '../parts/changes.js'
import { Dialog } from '../parts/dialog.js'

/**
 * The last look before saving.
 * @param {{ source: import('./editor.js').Source, report: any, onApply: () => Promise<unknown>, onClose: () => void }} props
 */
export function Review({ source, report, onApply, onClose }) {
  const { kind, consequence, affected } = source
  const { changes } = report
  const high = changes.some(({ risk }) => risk === 'high')
  return html`
    <${Dialog} title="What will change" apply=${high ? 'Save with high risk' : 'Save'} danger=${high} disabled=${changes.length === 0} onApply=${onApply} onClose=${onClose}>
      <p>${changes.length === 0 ? 'Nothing would change.' : `${countText(changes.length, 'setting')} will change; ${consequence}`}</p>
      <${Changes} changes=${changes.map(change => ({ document: kind, ...change }))} side="new" />
      ${affected === undefined ? null : affected(changes)}
    </${Dialog}>
  `
}
