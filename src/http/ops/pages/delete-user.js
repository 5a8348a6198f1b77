import { call } from '../lib/api.js'
import { html, useState } from '../lib/html.js'
import { goTo } from '../lib/route.js'
import { Dialog } from '../parts/dialog.js'

/** @param {{ user: string, onClose: () => void }} props */
export function DeleteUser({ user, onClose }) {
  const [typed, setTyped] = useState('')
  const remove = async () => {
    await call(`api/users/${encodeURIComponent(user)}`, { method: 'DELETE' })
    onClose()
    goTo({ page: 'users' })
  }
  return html`
    <${Dialog} title=${`Delete user ${user}`} apply="Delete for good" danger disabled=${typed !== user} onApply=${remove} onClose=${onClose}>
      <p>
        All settings of ${user} go, in the database and in Redis; this cannot be taken back. Positions that are open at the exchange
        stay open. When the bot reads the settings of ${user} again, the user is created from the defaults: stop the bot for this user first.
      </p>
      <div class="row">
        <label for="delete-user">Type the user id to confirm</label>
        <input id="delete-user" value=${typed} spellcheck=${false} autocapitalize="none" autocomplete="off" onInput=${event => setTyped(event.target.value.trim())} />
      </div>
    </${Dialog}>
  `
}
