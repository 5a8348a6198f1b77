import { call } from '../lib/api.js'
import { html, useState } from '../lib/html.js'
import { goTo } from '../lib/route.js'
import { Dialog } from '../parts/dialog.js'

const USER_ID = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/

/**
 * @param {object} props
 * @param {string} [props.user] the id, if it is known already
 * @param {() => void} [props.onCreated] otherwise the page of the user is opened
 * @param {() => void} props.onClose
 */
export function NewUser({ user = '', onClose, onCreated }) {
  const [id, setId] = useState(user)
  const known = USER_ID.test(id)
  const create = async () => {
    await call('api/users', { method: 'POST', body: { user_id: id } })
    onClose()
    if (onCreated !== undefined && id === user) onCreated()
    else goTo({ user: id })
  }
  return html`
    <${Dialog} title="New user" apply="Create the user" disabled=${!known} onApply=${create} onClose=${onClose}>
      <p>The user begins with the present defaults, and the bot may trade with them from then on.</p>
      <div class="row">
        <label for="new-user">User id</label>
        <input id="new-user" value=${id} maxlength="64" spellcheck=${false} autocapitalize="none" onInput=${event => setId(event.target.value.trim())} />
      </div>
      <p class="muted">1 to 64 letters, digits and _ . @ -</p>
    </${Dialog}>
  `
}
