import { call, sentence } from '../lib/api.js'
import { routeOf } from '../lib/documents.js'
import { callerText, countText, timeText, valueText } from '../lib/format.js'
import { html, useEffect, useState } from '../lib/html.js'
import { useLoad } from '../lib/load.js'
import { reasonWords } from '../lib/words.js'
import { Alert, Note, Table } from '../parts/basics.js'
import { Dialog } from '../parts/dialog.js'

/** What a document was: who changed what, when and why, and the way back. */

const PAGE = 50

/** @param {{ user: string, kind: string, newest?: number }} props `newest`: a version that is known to be stored */
export function History({ user, kind, newest: known = 0 }) {
  const path = routeOf(kind)
  const ask = (before, signal) =>
    call(`${path}/history?limit=${PAGE}${before === undefined ? '' : `&before=${before}`}`, { user, signal })
  const first = useLoad(signal => ask(undefined, signal), [known])
  const [older, setOlder] = useState([])
  // Further pages continue the first one, which has moved.
  useEffect(() => setOlder([]), [known])
  const [fault, setFault] = useState('')
  const [done, setDone] = useState('')
  const [target, setTarget] = useState(undefined)
  if (first.error !== undefined) return html`<${Alert}>${sentence(first.error)}</${Alert}>`
  if (first.value === undefined) return html`<${Note}>Reading…</${Note}>`
  const entries = [...first.value, ...older]
  const newest = entries[0]?.version
  const isLast = (older.length > 0 ? older : first.value).length % PAGE !== 0 || entries.at(-1)?.version === 1
  const more = async () => {
    try {
      const next = await ask(entries.at(-1).version)
      setFault('')
      setOlder(before => [...before, ...next])
    } catch (error) {
      setFault(sentence(error))
    }
  }
  const rollBack = async () => {
    await call(`${path}/rollback`, {
      method: 'POST',
      user,
      body: { version: target },
      ifMatch: `"${newest}"`,
    })
    setDone(`Version ${target} is in force again.`)
    setTarget(undefined)
    setOlder([])
    first.reload()
  }
  return html`
    <${Note}>${done}</${Note}>
    <ol class="history">
      ${entries.map(entry => html`<${Entry} key=${entry.version} entry=${entry} isNewest=${entry.version === newest} onBack=${() => setTarget(entry.version)} />`)}
    </ol>
    <${Alert}>${fault}</${Alert}>
    ${isLast ? null : html`<button type="button" onClick=${more}>Show older</button>`}
    ${target === undefined ? null : html`<${GoBack} entries=${entries} target=${target} onApply=${rollBack} onClose=${() => setTarget(undefined)} />`}
  `
}

function Entry({ entry, isNewest, onBack }) {
  const { version, updated_at: at, updated_by: by, reason, changes } = entry
  return html`
    <li class="panel">
      <div class="title">
        <h4>Version ${version}${isNewest ? ', in force' : ''}</h4>
        ${isNewest ? null : html`<button type="button" onClick=${onBack}>Back to version ${version}…</button>`}
      </div>
      <p class="muted"><time datetime=${at}>${timeText(at)}</time>: ${reasonWords(reason)}, ${callerText(by)}</p>
      ${changes.length === 0 ? null : html`<${Differences} caption=${countText(changes.length, 'field')} changes=${changes} />`}
    </li>
  `
}

function Differences({ caption, changes, headings = ['Field', 'Before', 'After'] }) {
  const rows = changes.map(({ path, from, to }) => [
    html`<code>${path === '' ? '(all)' : path}</code>`,
    html`<code class="from">${valueText(from)}</code>`,
    html`<code class="to">${valueText(to)}</code>`,
  ])
  return html`<${Table} caption=${caption} headings=${headings} rows=${rows} />`
}

function GoBack({ entries, target, onApply, onClose }) {
  const changes = between(entries, target)
  return html`
    <${Dialog} title=${`Back to version ${target}`} apply="Put it in force" danger onApply=${onApply} onClose=${onClose}>
      <p>Its content becomes the newest version, if the present bounds allow it; nothing of the history is lost.</p>
      <div class="panel"><${Differences} caption=${countText(changes.length, 'field')} changes=${changes} headings=${['Field', 'Now', `In version ${target}`]} /></div>
    </${Dialog}>
  `
}

/** What going back changes: the changes since then, undone. @param {readonly any[]} entries newest first */
function between(entries, target) {
  const undone = new Map()
  for (const { version, changes } of entries) {
    if (version <= target) break
    for (const { path, from, to } of changes)
      undone.set(path, { path, from: undone.has(path) ? undone.get(path).from : to, to: from })
  }
  return [...undone.values()].filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to))
}
