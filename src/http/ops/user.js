import { call } from './api.js'
import { showComparison } from './comparison.js'
import { byId, complain } from './dom.js'
import { showCache } from './inspector.js'

/** The form that chooses a user, and what is shown of that user. */

let shown = ''

export function watchUserForm() {
  byId('user-form').addEventListener('submit', event => {
    event.preventDefault()
    shown = byId('user').value.trim()
    void showUser()
  })
}

/** Asks again for the user that is shown. */
async function showUser() {
  const user = shown
  try {
    // First, for the comparison reads every document, and with that fills what is missing.
    const inspection = await call(`api/admin/cache/${encodeURIComponent(user)}`)
    const comparison = await call('api/user/settings/comparison', { user })
    if (user !== shown) return
    complain()
    showComparison(user, comparison, showUser)
    showCache(user, inspection, showUser)
    byId('user-panel').hidden = false
  } catch (error) {
    complain(`The settings of ${user} cannot be shown: ${error.message}`)
  }
}
