import { call, sentence } from '../lib/api.js'
import { countText, valueText } from '../lib/format.js'
import { html } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Link, Note, Table } from '../parts/basics.js'

/** Who is affected by a change of the defaults, counted before it is published. */

const PAGE = 1_000
/** Counting stops here: an operator needs no more, and a count of all reads every user. */
const MAX_PAGES = 30

/** @param {{ kind: string, changes: readonly any[] }} props of the dry run */
export function Affected({ kind, changes }) {
  const countable = changes.filter(({ current }) => ['string', 'number', 'boolean'].includes(typeof current))
  const counts = useLoad(
    signal => Promise.all(countable.map(change => count(conditionOf(kind, change), signal))),
    [],
  )
  return html`
    <h3>Who is affected</h3>
    <p>
      New users begin with the new values. Users who exist keep what they have; they get the new values only when defaults are loaded
      for them. These have the old default today and will differ from the new one:
    </p>
    <${Alert}>${counts.error === undefined ? '' : sentence(counts.error)}</${Alert}>
    ${counts.value === undefined && counts.error === undefined ? html`<${Note}>Counting…</${Note}>` : null}
    ${counts.value === undefined ? null : html`<div class="panel"><${Counts} kind=${kind} changes=${countable} counts=${counts.value} /></div>`}
  `
}

function Counts({ kind, changes, counts }) {
  const rows = changes.map((change, index) => [
    html`<code>${change.path}</code>`,
    html`<code>${valueText(change.current)}</code>`,
    html`<${Link} to=${{ page: 'users', where: [conditionOf(kind, change)] }} target="_blank">${counts[index]}</${Link}>`,
  ])
  return html`<${Table} caption="By field" headings=${['Field', 'Old default', 'Users who have it']} rows=${rows} />`
}

function conditionOf(kind, { path, current }) {
  return `${kind}:${path}=${JSON.stringify(current)}`
}

async function count(condition, signal) {
  let users = 0
  let cursor
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ where: condition, limit: String(PAGE), ...(cursor && { cursor }) })
    const answer = await call(`api/admin/users?${query}`, { signal })
    users += answer.users.length
    cursor = answer.next
    if (cursor === null) return countText(users, 'user')
  }
  return `${countText(users, 'user')} or more`
}
