import { call, ProblemAnswer, sentence } from '../lib/api.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { useChanges } from '../lib/stream.js'
import { Alert, Link, Note } from '../parts/basics.js'
import { CacheOf } from './cache-of.js'
import { DeleteUser } from './delete-user.js'
import { DocumentPage } from './document.js'
import { Documents } from './documents.js'
import { NewUser } from './new-user.js'
import { Overview } from './overview.js'
import { Planned } from './planned.js'
import { Today } from './today.js'

/** Everything about one user. Looks whether the user exists first, because a service's read of a document creates a user. */

const TABS = [
  { tab: undefined, title: 'Against the defaults', show: user => html`<${Overview} user=${user} />` },
  { tab: 'documents', title: 'All settings', show: user => html`<${Documents} user=${user} />` },
  { tab: 'today', title: 'Now', show: (user, live) => html`<${Today} user=${user} live=${live} />` },
  { tab: 'planned', title: 'Planned', show: (user, live) => html`<${Planned} user=${user} live=${live} />` },
  { tab: 'cache', title: 'In Redis', show: user => html`<${CacheOf} user=${user} />` },
]

/** @param {{ user: string, at: import('../lib/route.js').Place }} props */
export function UserPage({ user, at }) {
  const known = useLoad(signal => call(`api/admin/cache/${encodeURIComponent(user)}`, { signal }), [])
  const [asks, setAsks] = useState('')
  const live = useChanges(known.value === undefined ? undefined : user)
  if (known.error instanceof ProblemAnswer && known.error.status === 404) {
    return html`
      <h2>User ${user}</h2>
      <${Note}>There is no user ${user}. Looking has created none.</${Note}>
      <button type="button" onClick=${() => setAsks('create')}>Create user ${user}…</button>
      ${asks === 'create' ? html`<${NewUser} user=${user} onCreated=${known.reload} onClose=${() => setAsks('')} />` : null}
    `
  }
  if (known.error !== undefined)
    return html`<h2>User ${user}</h2><${Alert}>${sentence(known.error)}</${Alert}>`
  if (known.value === undefined) return html`<h2>User ${user}</h2><${Note}>Looking…</${Note}>`
  const tab = TABS.find(each => each.tab === (at.document === undefined ? at.tab : 'documents')) ?? TABS[0]
  return html`
    <div class="title">
      <h2>User ${user}</h2>
      <button type="button" onClick=${() => setAsks('delete')}>Delete the user…</button>
    </div>
    <nav class="links tabs" aria-label=${`Of user ${user}`}>
      ${TABS.map(each => html`<${Link} to=${{ user, tab: each.tab }} aria-current=${each === tab ? 'page' : undefined}>${each.title}</${Link}>`)}
      <${Link} to=${{ page: 'audit', of: user }}>All changes</${Link}>
    </nav>
    ${at.document === undefined ? tab.show(user, live) : html`<${DocumentPage} user=${user} at=${at} live=${live} />`}
    ${asks === 'delete' ? html`<${DeleteUser} user=${user} onClose=${() => setAsks('')} />` : null}
  `
}
