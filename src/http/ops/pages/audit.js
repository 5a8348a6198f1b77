import { call, sentence } from '../lib/api.js'
import { KINDS, titleOfKind } from '../lib/documents.js'
import { callerText, countText, timeText, valueText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { goTo } from '../lib/route.js'
import { REASONS, reasonWords } from '../lib/words.js'
import { Alert, Link, Note, Table } from '../parts/basics.js'

/** Who changed what of whom, when and why, over all users and the defaults. */

const PAGE = 50
/** The defaults, where others have a user. */
const DEFAULTS_OWNER = '@admin'
/** Changes of one entry that are shown; its document has the rest. */
const SHOWN = 5

/** @param {{ at: import('../lib/route.js').Place }} props */
export function Audit({ at }) {
  const { of = '', by = '', reason = '', from = '', until = '' } = at
  const filter = {
    user_id: of,
    updated_by: by,
    reason,
    from: from && moment(from),
    until: until && moment(until),
  }
  const key = JSON.stringify(filter)
  return html`
    <h2>Audit</h2>
    <${Filter} key=${key} shown=${at} />
    <${Found} key=${`${key} found`} filter=${filter} />
  `
}

function Filter({ shown }) {
  const submit = event => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.target))
    const texts = Object.entries(fields).map(([name, value]) => [name, String(value).trim()])
    goTo({ page: 'audit', ...Object.fromEntries(texts) })
  }
  return html`
    <form class="panel search" autocomplete="off" role="search" onSubmit=${submit}>
      <div class="fields">
        <div class="field"><label for="audit-user">User id</label><input id="audit-user" name="of" value=${shown.of ?? ''} maxlength="64" spellcheck=${false} autocapitalize="none" aria-describedby="audit-user-note" /><span id="audit-user-note" class="muted">${DEFAULTS_OWNER}: the defaults</span></div>
        <div class="field"><label for="audit-by">Changed by</label><input id="audit-by" name="by" value=${shown.by ?? ''} maxlength="256" spellcheck=${false} autocapitalize="none" aria-describedby="audit-by-note" /><span id="audit-by-note" class="muted">as in admin:7, service:bot, service:ui/alice</span></div>
        <div class="field">
          <label for="audit-reason">Why</label>
          <select id="audit-reason" name="reason" value=${shown.reason ?? ''}>
            <option value="">any reason</option>
            ${Object.entries(REASONS).map(([reason, words]) => html`<option value=${reason}>${words}</option>`)}
          </select>
        </div>
        <div class="field"><label for="audit-from">From</label><input id="audit-from" name="from" type="datetime-local" value=${shown.from ?? ''} /></div>
        <div class="field"><label for="audit-until">Until</label><input id="audit-until" name="until" type="datetime-local" value=${shown.until ?? ''} /></div>
      </div>
      <div><button type="submit" class="primary">Show</button></div>
    </form>
  `
}

function Found({ filter }) {
  const first = useLoad(signal => page(filter, undefined, signal), [])
  const [more, setMore] = useState([])
  const [fault, setFault] = useState('')
  if (first.error !== undefined) return html`<${Alert}>${sentence(first.error)}</${Alert}>`
  if (first.value === undefined) return html`<${Note}>Reading…</${Note}>`
  const pages = [first.value, ...more]
  const entries = pages.flatMap(each => each.entries)
  const rows = together(entries)
  const { next } = pages.at(-1)
  const further = async () => {
    try {
      const answer = await page(filter, next)
      setFault('')
      setMore(before => [...before, answer])
    } catch (error) {
      setFault(sentence(error))
    }
  }
  return html`
    <${Note}>${entries.length === 0 ? 'No change fits so far.' : `${countText(entries.length, 'change')}, newest first.`} ${next === null ? '' : 'There may be older ones.'}</${Note}>
    ${entries.length === 0 ? null : html`<div class="panel"><${Table} caption="Changes" headings=${['Time', 'User', 'What', 'Fields', 'By']} rows=${rows.map(row)} /></div>`}
    <${Alert}>${fault}</${Alert}>
    ${next === null ? null : html`<button type="button" onClick=${further}>Show older</button>`}
  `
}

/** A user is created with all documents in one moment: one row, with the number of documents. */
function together(entries) {
  const rows = []
  for (const entry of entries) {
    const last = rows.at(-1)
    if (last !== undefined && isOneCreation(last, entry)) last.count++
    else rows.push({ ...entry, count: 1 })
  }
  return rows
}

function isOneCreation(one, other) {
  const isCreation = other.reason === 'provision' && other.changes.length === 0
  return (
    isCreation &&
    one.changes.length === 0 &&
    ['reason', 'user_id', 'updated_by', 'updated_at'].every(name => one[name] === other[name])
  )
}

function row({ user_id: user, document, updated_at: at, updated_by: by, reason, version, changes, count }) {
  const isKnown = user !== DEFAULTS_OWNER && KINDS.includes(document)
  const to = user === DEFAULTS_OWNER ? { page: 'defaults' } : { user }
  return [
    html`<time datetime=${at}>${timeText(at)}</time>`,
    html`<${Link} to=${to}>${user === DEFAULTS_OWNER ? 'defaults' : user}</${Link}>`,
    count > 1
      ? `${countText(count, 'document')} ${reasonWords(reason)}`
      : html`${isKnown ? html`<${Link} to=${{ user, document, tab: 'history' }}>${titleOfKind(document)}</${Link}>` : document} ${reasonWords(reason)}, version ${version}`,
    html`${changes.slice(0, SHOWN).map(({ path, from, to }) => html`<div><code>${path}: ${valueText(from)} → ${valueText(to)}</code></div>`)}${changes.length > SHOWN ? html`<div>and ${countText(changes.length - SHOWN, 'more', 'more')}</div>` : null}`,
    callerText(by),
  ]
}

/** @param {string} local of an input: in the operator's zone */
function moment(local) {
  const time = new Date(local)
  return Number.isNaN(time.getTime()) ? local : time.toISOString()
}

function page(filter, cursor, signal) {
  const query = new URLSearchParams({ limit: String(PAGE) })
  for (const [name, value] of Object.entries({ ...filter, cursor: cursor ?? '' }))
    if (value !== '') query.set(name, value)
  return call(`api/admin/audit?${query}`, { signal })
}
