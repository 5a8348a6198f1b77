import { call, sentence } from '../lib/api.js'
import { titleOfKind } from '../lib/documents.js'
import { callerText, countText, timeText } from '../lib/format.js'
import { html, useEffect, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Badge, Link, Note, Table } from '../parts/basics.js'
import { Dialog } from '../parts/dialog.js'
import { NewBulk } from './new-bulk.js'

/** Changes of many users at once: starting one, watching it, stopping it, taking it back. */

const ROUTE = 'api/admin/bulk-changes'
const REFRESH_MS = 1_000
const STATES = {
  running: { tone: 'medium', text: 'running' },
  done: { tone: 'good', text: 'done' },
  cancelled: { tone: 'low', text: 'stopped' },
  failed: { tone: 'high', text: 'failed' },
}

export function Bulk() {
  const list = useLoad(signal => call(ROUTE, { signal }), [])
  const [asks, setAsks] = useState(undefined)
  const changes = list.value?.bulk_changes ?? []
  const runs = changes.some(({ state }) => state === 'running')
  useEffect(() => {
    if (!runs || list.loading) return undefined
    const timer = setTimeout(list.reload, REFRESH_MS)
    return () => clearTimeout(timer)
  }, [runs, list.loading])
  const act = async () => {
    await call(`${ROUTE}/${asks.change.id}/${asks.verb}`, { method: 'POST' })
    setAsks(undefined)
    list.reload()
  }
  return html`
    <h2>Many users at once</h2>
    <${NewBulk} onStarted=${list.reload} />
    <${Alert}>${list.error === undefined ? '' : sentence(list.error)}</${Alert}>
    ${changes.length === 0 ? html`<${Note}>${list.value === undefined ? 'Reading…' : 'None in the last 30 days.'}</${Note}>` : html`<div class="panel"><${Table} caption="Newest first" headings=${['Began', 'What', 'State', 'Users', 'By', 'Action']} rows=${changes.map(each => row(each, setAsks))} /></div>`}
    ${asks === undefined ? null : html`<${Sure} ...${asks} onApply=${act} onClose=${() => setAsks(undefined)} />`}
  `
}

function row(change, ask) {
  const {
    state,
    document,
    data,
    where,
    reason,
    reverts,
    total,
    done,
    unchanged,
    refused_total: refused,
    failure = '',
  } = change
  const { tone, text } = STATES[state] ?? { tone: 'low', text: state }
  const what = reverts === undefined ? html`<code>${JSON.stringify(data)}</code>` : 'takes a change back'
  const details = [
    `${done.toLocaleString()} of ${total.toLocaleString()}`,
    unchanged > 0 ? `${unchanged.toLocaleString()} had it already` : '',
  ]
  const verb = state === 'running' ? 'cancel' : 'revert'
  return [
    timeText(change.created_at),
    html`<strong>${reason}</strong><div>${titleOfKind(document)}: ${what}</div><div class="muted">${where.length === 0 ? 'all users' : where.join(', ')}</div>`,
    html`<${Badge} tone=${tone}>${text}</${Badge}> ${failure}`,
    html`<progress aria-label=${`Progress of ${reason}`} max=${Math.max(total, 1)} value=${done}></progress><div>${details.filter(Boolean).join(', ')}</div>${refused > 0 ? html`<${Refused} id=${change.id} count=${refused} />` : null}`,
    callerText(change.created_by),
    reverts !== undefined && verb === 'revert'
      ? ''
      : html`<button type="button" onClick=${() => ask({ verb, change })}>${verb === 'cancel' ? 'Stop…' : 'Take back…'}</button>`,
  ]
}

/** Who was refused, read when the operator asks. */
function Refused({ id, count }) {
  const [open, setOpen] = useState(false)
  return html`
    <details onToggle=${event => setOpen(event.target.open)}>
      <summary><${Badge} tone="high">${count.toLocaleString()} refused</${Badge}></summary>
      ${open ? html`<${RefusedUsers} id=${id} count=${count} />` : null}
    </details>
  `
}

function RefusedUsers({ id, count }) {
  const { value, error } = useLoad(signal => call(`${ROUTE}/${id}`, { signal }), [id])
  if (error !== undefined) return html`<${Alert}>${sentence(error)}</${Alert}>`
  if (value === undefined) return html`<${Note}>Reading…</${Note}>`
  return html`
    <ul>
      ${value.refused.map(({ user_id: user, errors }) => html`<li><${Link} to=${{ user }}>${user}</${Link}>: ${errors.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}</li>`)}
    </ul>
    ${value.refused.length < count ? html`<p class="muted">The first ${value.refused.length}.</p>` : null}
  `
}

function Sure({ verb, change, onApply, onClose }) {
  const stops = verb === 'cancel'
  return html`
    <${Dialog} title=${stops ? 'Stop it' : 'Take it back'} apply=${stops ? 'Stop' : 'Take it back'} danger onApply=${onApply} onClose=${onClose}>
      <p><strong>${change.reason}</strong>: ${countText(change.done, 'user')} so far.</p>
      <p>${stops ? 'Users who were changed stay so, until you take it back.' : 'Each field that still has the value that it was given gets the value that it had before; what was changed since stays.'}</p>
    </${Dialog}>
  `
}
