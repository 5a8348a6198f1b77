import { call, ProblemAnswer, send, sentence } from '../lib/api.js'
import { titleOfKind } from '../lib/documents.js'
import { timeText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Badge, Link, Table } from '../parts/basics.js'

/** What happens for a user now: changes as they are stored, order numbers, what the exchange said last. */

/** @param {{ user: string, live: { isOpen: boolean, events: readonly any[] } }} props */
export function Today({ user, live }) {
  return html`
    <div class="panel">
      <div class="title">
        <h3>Changes as they happen</h3>
        <${Badge} tone=${live.isOpen ? 'good' : 'medium'}>${live.isOpen ? 'listening' : 'connecting'}</${Badge}>
      </div>
      <${Events} user=${user} events=${live.events} />
    </div>
    <${OrderNumbers} user=${user} />
    <${Exchange} user=${user} kind="positions" title="Open positions" />
    <${Exchange} user=${user} kind="orders" title="Open orders" />
  `
}

function Events({ user, events }) {
  if (events.length === 0) return html`<p class="muted">Nothing has changed since you opened this page.</p>`
  const rows = events.map(({ document, version, deleted, at }) => [
    html`<time datetime=${new Date(at).toISOString()}>${timeText(at)}</time>`,
    html`<${Link} to=${{ user, document, tab: 'history' }}>${titleOfKind(document)}</${Link}>`,
    deleted ? 'deleted' : `version ${version}`,
  ])
  return html`<${Table} caption="Newest first" headings=${['Time', 'Document', 'Now']} rows=${rows} />`
}

function OrderNumbers({ user }) {
  const numbers = useLoad(signal => call('api/user/sequence', { user, signal }), [])
  const { date = '', sequence = 0 } = numbers.value ?? {}
  const day = date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  return html`
    <div class="panel">
      <div class="title"><h3>Order numbers</h3><${Again} what="order numbers" load=${numbers} /></div>
      <${Alert}>${numbers.error === undefined ? '' : sentence(numbers.error)}</${Alert}>
      ${numbers.value === undefined ? null : html`<p>${sequence === 0 ? 'None was drawn' : html`The last one drawn is <strong>${sequence.toLocaleString()}</strong>`} on ${day}, the user's day.</p>`}
    </div>
  `
}

function Exchange({ user, kind, title }) {
  const cached = useLoad(signal => read(user, kind, signal), [])
  const { value, error } = cached
  return html`
    <div class="panel">
      <div class="title"><h3>${title}</h3><${Again} what=${kind} load=${cached} /></div>
      <${Alert}>${error === undefined ? '' : sentence(error)}</${Alert}>
      ${value === undefined ? null : value === 'none' ? html`<p class="muted">The bot has reported none in the last seconds, or Redis is away.</p>` : html`<p class="muted">As the bot reported them ${value.age} s ago.</p><${Reported} title=${title} value=${value.body} />`}
    </div>
  `
}

function Again({ what, load }) {
  return html`<button type="button" class="quiet" onClick=${load.reload}>Look again<span class="hidden"> at ${what}</span></button>`
}

const isFlat = value =>
  value !== null &&
  typeof value === 'object' &&
  !Object.values(value).some(each => each !== null && typeof each === 'object')

function Reported({ title, value }) {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isFlat)) {
    return html`<pre tabindex="0" aria-label=${title}>${JSON.stringify(value, null, 2)}</pre>`
  }
  const names = [...new Set(value.flatMap(Object.keys))].slice(0, 8)
  return html`<${Table} caption=${title} headings=${names} rows=${value.map(each => names.map(name => String(each[name] ?? '')))} />`
}

async function read(user, kind, signal) {
  const response = await send(`api/binance/${kind}`, { user, signal })
  const text = await response.text()
  if (response.status === 404) return 'none'
  if (!response.ok) throw new ProblemAnswer(response.status, undefined)
  // Order ids may have more digits than a number keeps.
  const exact = (_name, value, context) => (typeof value === 'number' ? (context?.source ?? value) : value)
  return { age: response.headers.get('age') ?? '?', body: JSON.parse(text, exact) }
}
