import { call } from '../lib/api.js'
import { sourceOfDefaults } from '../lib/defaults.js'
import { KINDS, titleOfKind } from '../lib/documents.js'
import { countText, timeText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { Alert, Link, Note } from '../parts/basics.js'
import { Affected } from './affected.js'
import { Editor } from './editor.js'
import { PublishFile, PublishUser } from './publish.js'

/** What every new user begins with, and what loading defaults gives. */

/** @param {{ at: import('../lib/route.js').Place }} props */
export function Defaults({ at }) {
  const { document: kind } = at
  if (kind === undefined) return html`<${AllDefaults} />`
  if (!KINDS.includes(kind)) return html`<${Alert}>There is no document ${kind}.</${Alert}>`
  return html`<${OneDefault} key=${kind} kind=${kind} />`
}

function OneDefault({ kind }) {
  const [source] = useState(() => ({
    ...sourceOfDefaults(kind),
    affected: changes => html`<${Affected} kind=${kind} changes=${changes} />`,
  }))
  return html`
    <p class="back"><${Link} to=${{ page: 'defaults' }}>All defaults</${Link}></p>
    <h2>Defaults: ${titleOfKind(kind)}</h2>
    <${Editor} source=${source} />
  `
}

function AllDefaults() {
  const defaults = useLoad(signal => call('api/admin/defaults', { signal }), [])
  const [asks, setAsks] = useState('')
  const [done, setDone] = useState('')
  const published = ({ changed, version, changes }) => {
    setAsks('')
    setDone(
      changed
        ? `${countText(changes.length, 'default')} changed; this is version ${version}.`
        : 'Nothing changed.',
    )
    defaults.reload()
  }
  const { version, updated_at: at } = defaults.value ?? {}
  const dialog = { version, onDone: published, onClose: () => setAsks('') }
  return html`
    <div class="title">
      <h2>Defaults</h2>
      <div class="row">
        <button type="button" disabled=${version === undefined} onClick=${() => setAsks('user')}>Publish a user's settings…</button>
        <button type="button" disabled=${version === undefined} onClick=${() => setAsks('file')}>Load the file again…</button>
      </div>
    </div>
    <p>New users begin with them, and loading defaults gives them. Users who exist keep what they have.</p>
    <${Note}>${done} ${version === undefined ? '' : `Version ${version} of ${timeText(at)}.`}</${Note}>
    <ul class="tiles">
      ${KINDS.map(kind => html`<li class="panel"><${Link} to=${{ page: 'defaults', document: kind }}>${titleOfKind(kind)}</${Link}></li>`)}
    </ul>
    ${asks === 'user' ? html`<${PublishUser} ...${dialog} />` : null}
    ${asks === 'file' ? html`<${PublishFile} ...${dialog} />` : null}
  `
}
