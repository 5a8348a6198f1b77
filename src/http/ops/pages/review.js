import { countText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { Changes } from '../parts/changes.js'
import { Dialog } from '../parts/dialog.js'

/**
 * The last look before saving.
 * @param {{ kind: string, report: any, affected?: unknown, onApply: () => Promise<unknown>, onClose: () => void }} props
 */
export function Review({ kind, report, affected, onApply, onClose }) {
  const { changes } = report
  const high = changes.some(({ risk }) => risk === 'high')
  return html`
    <${Dialog} title="What will change" apply=${high ? 'Save with high risk' : 'Save'} danger=${high} disabled=${changes.length === 0} onApply=${onApply} onClose=${onClose}>
      <p>${changes.length === 0 ? 'Nothing would change.' : `${countText(changes.length, 'setting')} will change; trading uses the new values from its next decision on.`}</p>
      <${Changes} changes=${changes.map(change => ({ document: kind, ...change }))} side="new" />
      ${affected === undefined ? null : affected(changes)}
    </${Dialog}>
  `
}
