import { call, sentence } from '../lib/api.js'
import { KINDS, titleOfKind } from '../lib/documents.js'
import { html } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Link, Risk } from '../parts/basics.js'

/** The documents of a user, each with what differs from the defaults. */

/** @param {{ user: string }} props */
export function Documents({ user }) {
  const comparison = useLoad(signal => call('api/user/settings/comparison', { user, signal }), [])
  const documents = comparison.value?.documents ?? {}
  return html`
    <${Alert}>${comparison.error === undefined ? '' : sentence(comparison.error)}</${Alert}>
    <ul class="tiles">
      ${KINDS.map(
        kind => html`
          <li class="panel">
            <${Link} to=${{ user, document: kind }}>${titleOfKind(kind)}</${Link}>
            <span class="muted">${comparison.value === undefined ? '' : differences(documents[kind] ?? [])}</span>
          </li>
        `,
      )}
    </ul>
  `
}

function differences(changes) {
  if (changes.length === 0) return 'as the defaults'
  const highest = ['high', 'medium', 'low'].find(risk => changes.some(change => change.risk === risk))
  return html`${changes.length} of its own <${Risk} risk=${highest} />`
}
