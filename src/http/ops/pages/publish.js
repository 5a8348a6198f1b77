import { call, sentence } from '../lib/api.js'
import { countText } from '../lib/format.js'
import { html, useState } from '../lib/html.js'
import { Alert } from '../parts/basics.js'
import { Changes } from '../parts/changes.js'
import { Dialog } from '../parts/dialog.js'

/** Publishes settings as the defaults: a user's, or those of the file of the gateway. */

const publish = (source, version) =>
  call('api/admin/sync-defaults', { method: 'POST', body: source, ifMatch: `"${version}"` })

/** @param {{ version: number, onDone: (report: any) => void, onClose: () => void }} props `version`: of the defaults that were seen */
export function PublishFile({ version, onDone, onClose }) {
  const apply = async () => onDone(await publish({ source: 'file' }, version))
  return html`
    <${Dialog} title="Load the file again" apply="Load the file" danger onApply=${apply} onClose=${onClose}>
      <p>
        The file of the gateway (DEFAULT_SETTINGS_FILE) becomes the defaults. Changes that operators made here since are replaced by what the file
        says. A file with faults changes nothing, and each fault is named.
      </p>
    </${Dialog}>
  `
}

/** @param {{ version: number, onDone: (report: any) => void, onClose: () => void }} props */
export function PublishUser({ version, onDone, onClose }) {
  const [user, setUser] = useState('')
  const [seen, setSeen] = useState(undefined)
  const [fault, setFault] = useState('')
  const look = async () => {
    setFault('')
    try {
      const comparison = await call('api/user/settings/comparison', { user })
      setSeen({ user, changes: Object.values(comparison.documents).flat() })
    } catch (error) {
      setSeen(undefined)
      setFault(sentence(error))
    }
  }
  const apply = async () => onDone(await publish({ source: 'user', user_id: user }, version))
  const known = seen?.user === user
  return html`
    <${Dialog} title="Publish a user's settings" apply="Publish as the defaults" danger disabled=${!known || seen.changes.length === 0} onApply=${apply} onClose=${onClose}>
      <p>All settings of the user become the defaults.</p>
      <div class="row">
        <label for="publish-user">User id</label>
        <input id="publish-user" value=${user} maxlength="64" spellcheck=${false} autocapitalize="none" onInput=${event => setUser(event.target.value.trim())} />
        <button type="button" disabled=${user === ''} onClick=${look}>Show what changes</button>
      </div>
      <${Alert}>${fault}</${Alert}>
      ${known ? html`<p role="status">${seen.changes.length === 0 ? 'Nothing would change.' : `${countText(seen.changes.length, 'default')} will change, from what is below Default to what the user has now:`}</p>` : null}
      ${known ? html`<${Changes} changes=${seen.changes} />` : null}
    </${Dialog}>
  `
}
