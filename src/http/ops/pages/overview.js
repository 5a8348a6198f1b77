import { call, sentence } from '../lib/api.js'
import { countText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Note, Risk } from '../parts/basics.js'
import { Changes } from '../parts/changes.js'
import { Dialog } from '../parts/dialog.js'

/** Compares a user's documents with the defaults, by risk, and resets fields after a preview. */

/** @param {{ user: string }} props */
export function Overview({ user }) {
  const comparison = useLoad(signal => call('api/user/settings/comparison', { user, signal }), [])
  const [preview, setPreview] = useState(undefined)
  const [done, setDone] = useState('')
  const [fault, setFault] = useState('')
  const look = async reset => {
    setFault('')
    try {
      setPreview({ ...reset, report: await call(`${reset.path}?preview=true`, requestOf(user, reset)) })
    } catch (error) {
      setFault(`${reset.title} did not work. ${sentence(error)}`)
    }
  }
  const apply = async () => {
    const { total_changes: total } = await call(preview.path, requestOf(user, preview))
    setPreview(undefined)
    setDone(`${countText(total, 'field')} reset just now.`)
    comparison.reload()
  }
  if (comparison.error !== undefined) return html`<${Alert}>${sentence(comparison.error)}</${Alert}>`
  if (comparison.value === undefined) return html`<${Note}>Comparing…</${Note}>`
  const { all_match: allMatch, documents } = comparison.value
  return html`
    <${Note}><${Summary} user=${user} ...${comparison.value} /> ${done}</${Note}>
    <${Alert}>${fault}</${Alert}>
    <div id="comparison">
      <${Changes} changes=${Object.values(documents).flat()} action=${change => resetButton(change, look)} />
    </div>
    ${allMatch ? null : html`<button type="button" onClick=${() => look(everything(user))}>Preview all defaults…</button>`}
    ${preview === undefined ? null : html`<${Preview} ...${preview} onApply=${apply} onClose=${() => setPreview(undefined)} />`}
  `
}

function Summary({
  user,
  all_match: allMatch,
  total_changes: total,
  high_risk: high,
  medium_risk: medium,
  low_risk: low,
}) {
  if (allMatch) return `All settings of ${user} are the defaults.`
  const count = (number, risk) =>
    number === 0 ? null : html`<span>${number} × <${Risk} risk=${risk} /></span> `
  return html`${countText(total, 'setting')} of ${user} ${total === 1 ? 'differs' : 'differ'} from the defaults: ${count(high, 'high')}${count(medium, 'medium')}${count(low, 'low')}`
}

function resetButton({ document, path }, look) {
  const reset = {
    path: 'api/user/settings/reset',
    body: { document, path },
    title: `Reset ${path}`,
    apply: 'Reset this field',
  }
  return html`<button type="button" aria-label=${`Reset ${document} ${path}…`} onClick=${() => look(reset)}>Reset…</button>`
}

const everything = user => ({
  path: 'api/user/settings/load-defaults',
  title: `All defaults for ${user}`,
  apply: 'Load all defaults',
})

function requestOf(user, { body }) {
  return { method: 'POST', user, ...(body === undefined ? {} : { body }) }
}

function Preview({ title, apply, report, onApply, onClose }) {
  const { changes, total_changes: total } = report
  return html`
    <${Dialog} title=${title} apply=${apply} danger disabled=${total === 0} onApply=${onApply} onClose=${onClose}>
      <p>${total === 0 ? 'Nothing would change.' : `${total} would change:`}</p>
      <${Changes} changes=${changes} />
    </${Dialog}>
  `
}
