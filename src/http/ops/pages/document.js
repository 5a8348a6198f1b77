import { call } from '../lib/api.js'
import { KINDS, routeOf, titleOfKind } from '../lib/documents.js'
import { html } from '../lib/html.js'
import { Alert, Link } from '../parts/basics.js'
import { Editor } from './editor.js'
import { History } from './history.js'

/** One document of a user: the form, or what it was. */

/** @param {{ user: string, at: import('../lib/route.js').Place, live: { events: readonly any[] } }} props */
export function DocumentPage({ user, at, live }) {
  const { document: kind = '', tab } = at
  if (!KINDS.includes(kind)) return html`<${Alert}>There is no document ${kind}.</${Alert}>`
  const past = tab === 'history'
  const newest = live.events.find(({ document }) => document === kind)?.version
  const to = where => ({ user, document: kind, tab: where })
  return html`
    <div class="title">
      <h3>${titleOfKind(kind)}</h3>
      <nav class="links" aria-label=${titleOfKind(kind)}>
        <${Link} to=${to(undefined)} aria-current=${past ? undefined : 'page'}>Change</${Link}>
        <${Link} to=${to('history')} aria-current=${past ? 'page' : undefined}>History</${Link}>
      </nav>
    </div>
    ${past ? html`<${History} key=${kind} newest=${newest} user=${user} kind=${kind} />` : html`<${Editor} key=${kind} newest=${newest} source=${sourceOf(user, kind)} />`}
  `
}

/** @param {string} user @param {string} kind @returns {import('./editor.js').Source} */
function sourceOf(user, kind) {
  const path = routeOf(kind)
  return {
    kind,
    consequence: 'trading uses the new values from its next decision on.',
    async load(signal) {
      const [envelope, comparison] = await Promise.all([
        call(path, { user, signal }),
        call('api/user/settings/comparison', { user, signal }),
      ])
      return { ...envelope, changes: comparison.documents[kind] ?? [] }
    },
    preview: (patch, signal) => call(`${path}?dry_run=true`, { method: 'PUT', user, body: patch, signal }),
    save: (patch, version) => call(path, { method: 'PUT', user, body: patch, ifMatch: `"${version}"` }),
    plan: (patch, when) => call(`${path}/schedule`, { method: 'POST', user, body: { ...when, data: patch } }),
    currentOf: problem => problem.current,
  }
}
