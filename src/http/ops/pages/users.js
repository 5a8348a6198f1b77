import { call, sentence } from '../lib/api.js'
import { countText, timeText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { goTo } from '../lib/route.js'
import { Alert, Link, Note, Table } from '../parts/basics.js'
import { Conditions, DRAFT, withDraft } from './conditions.js'
import { NewUser } from './new-user.js'

/** Finds users by the beginning of their id and by what their settings say. */

const PAGE = 100

/** @param {{ at: import('../lib/route.js').Place }} props */
export function Users({ at }) {
  const { q = '', where = [] } = at
  const [creates, setCreates] = useState(false)
  return html`
    <div class="title">
      <h2>Users</h2>
      <button type="button" onClick=${() => setCreates(true)}>New user…</button>
    </div>
    <${Search} key=${`${q} ${where}`} q=${q} where=${where} />
    <${Found} key=${JSON.stringify([q, where])} q=${q} where=${where} />
    ${creates ? html`<${NewUser} onClose=${() => setCreates(false)} />` : null}
  `
}

function Search({ q, where }) {
  const [{ conditions, draft }, setState] = useState({ conditions: where, draft: DRAFT })
  const submit = event => {
    event.preventDefault()
    const text = String(new FormData(event.target).get('q')).trim()
    goTo({ page: 'users', q: text, where: withDraft(conditions, draft) })
  }
  return html`
    <form class="panel search" autocomplete="off" role="search" onSubmit=${submit}>
      <div class="row">
        <label for="q">User id begins with</label>
        <input id="q" name="q" value=${q} maxlength="64" spellcheck=${false} autocapitalize="none" />
        <button type="submit" class="primary">Search</button>
      </div>
      <${Conditions} conditions=${conditions} draft=${draft} onChange=${(next, rest) => setState({ conditions: next, draft: rest })} />
    </form>
  `
}

function Found({ q, where }) {
  const [pages, setPages] = useState([])
  const [fault, setFault] = useState('')
  const first = useLoad(signal => page(q, where, undefined, signal), [])
  if (first.error !== undefined) return html`<${Alert}>${sentence(first.error)}</${Alert}>`
  if (first.value === undefined) return html`<${Note}>Searching…</${Note}>`
  const all = [first.value, ...pages]
  const users = all.flatMap(each => each.users)
  const { next } = all.at(-1)
  const more = async () => {
    try {
      const further = await page(q, where, next)
      setFault('')
      setPages(before => [...before, further])
    } catch (error) {
      setFault(sentence(error))
    }
  }
  return html`
    <${Note}>${noteOf(users.length, next, q, where)}</${Note}>
    ${users.length === 0 ? null : html`<div class="panel"><${List} users=${users} /></div>`}
    <${Alert}>${fault}</${Alert}>
    ${next === null ? null : html`<button type="button" onClick=${more}>Show more</button>`}
  `
}

function noteOf(count, next, q, where) {
  if (count === 0) return q === '' && where.length === 0 ? 'There are no users yet.' : 'No user fits.'
  return next === null
    ? `${countText(count, 'user')}.`
    : `The first ${countText(count, 'user')}; there are more.`
}

function List({ users }) {
  const rows = users.map(each => [
    html`<${Link} to=${{ user: each.user_id }}>${each.user_id}</${Link}>`,
    html`<time datetime=${each.updated_at}>${timeText(each.updated_at)}</time>`,
    html`<time datetime=${each.created_at}>${timeText(each.created_at)}</time>`,
  ])
  return html`<${Table} caption="Users" headings=${['User id', 'Last change', 'Created']} rows=${rows} />`
}

/** The gateway ends an answer early when few users fit: it is asked again until there are enough for a page. */
async function page(q, where, cursor, signal) {
  const users = []
  let next = cursor
  do {
    const query = new URLSearchParams({ limit: String(PAGE - users.length) })
    if (q !== '') query.set('q', q)
    for (const each of where) query.append('where', each)
    if (next) query.set('cursor', next)
    const answer = await call(`api/admin/users?${query}`, { signal })
    users.push(...answer.users)
    next = answer.next
  } while (next !== null && users.length < PAGE)
  return { users, next }
}
