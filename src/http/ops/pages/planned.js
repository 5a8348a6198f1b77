import { call, sentence } from '../lib/api.js'
import { titleOfKind } from '../lib/documents.js'
import { callerText, timeText, valueText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Badge, Link, Note, Table } from '../parts/basics.js'
import { Dialog } from '../parts/dialog.js'

/** The changes of a user that take effect later, and those that did lately. */

const ROUTE = 'api/user/settings/schedule'
const STATES = {
  waiting: { tone: 'medium', text: 'planned' },
  active: { tone: 'good', text: 'in force' },
  done: { tone: 'low', text: 'done' },
  cancelled: { tone: 'low', text: 'called off' },
  refused: { tone: 'high', text: 'refused' },
}
const HEADINGS = ['From', 'Until', 'Document', 'What', 'State', 'By', 'Action']

/** @param {{ user: string, live: { events: readonly any[] } }} props a change that took effect is an event */
export function Planned({ user, live }) {
  const plans = useLoad(signal => call(ROUTE, { user, signal }), [live.events[0]?.at])
  const [cancels, setCancels] = useState(undefined)
  const [done, setDone] = useState('')
  const cancel = async () => {
    await call(`${ROUTE}/${cancels.id}`, { method: 'DELETE', user })
    setCancels(undefined)
    setDone('Called off.')
    plans.reload()
  }
  if (plans.error !== undefined) return html`<${Alert}>${sentence(plans.error)}</${Alert}>`
  if (plans.value === undefined) return html`<${Note}>Reading…</${Note}>`
  const { schedules } = plans.value
  return html`
    <${Note}>
      ${done} ${schedules.length === 0 ? `Nothing is planned for ${user}.` : ''} To plan a change, type it into a form of${' '}
      <${Link} to=${{ user, tab: 'documents' }}>All settings</${Link}> and choose Save later.
    </${Note}>
    ${schedules.length === 0 ? null : html`<div class="panel"><${Table} caption="Planned changes" headings=${HEADINGS} rows=${schedules.map(plan => row(plan, user, setCancels))} /></div>`}
    ${cancels === undefined ? null : html`<${CallOff} plan=${cancels} onApply=${cancel} onClose=${() => setCancels(undefined)} />`}
  `
}

function row(plan, user, onCancel) {
  const { at, until, document, data, note, state, created_by: by, errors = [] } = plan
  const { tone, text } = STATES[state] ?? { tone: 'low', text: state }
  return [
    timeText(at),
    until === undefined ? '' : timeText(until),
    html`<${Link} to=${{ user, document, tab: 'history' }}>${titleOfKind(document)}</${Link}>`,
    html`<code>${leaves(data).join(', ')}</code>${note === undefined ? null : html` <span class="muted">${note}</span>`}`,
    html`<${Badge} tone=${tone}>${text}</${Badge}> ${errors.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    callerText(by),
    ['waiting', 'active'].includes(state)
      ? html`<button type="button" onClick=${() => onCancel(plan)}>Call off…</button>`
      : '',
  ]
}

function CallOff({ plan, onApply, onClose }) {
  return html`
    <${Dialog} title="Call off the planned change" apply="Call it off" danger onApply=${onApply} onClose=${onClose}>
      <p>
        ${plan.state === 'active' ? 'It has taken effect and stays so: it will not go back by itself.' : `It will not take effect on ${timeText(plan.at)}.`}
      </p>
      <p><code>${leaves(plan.data).join(', ')}</code></p>
    </${Dialog}>
  `
}

/** `size.leverage: 3` of each field. */
function leaves(data, names = []) {
  return Object.entries(data).flatMap(([name, value]) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? leaves(value, [...names, name])
      : [`${[...names, name].join('.')}: ${valueText(value)}`],
  )
}
