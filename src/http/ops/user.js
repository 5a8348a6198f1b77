import { call } from './api.js'
import { showComparison } from './comparison.js'
import { byId, complain } from './dom.js'
import { showCache } from './inspector.js'

/** The form that selects a user, and the panel of that user. */

let selected = ''

export function watchUserForm() {
  byId('user-form').addEventListener('submit', event => {
    event.preventDefault()
    selected = byId('user').value.trim()
    void showUser()
  })
}

/** Loads and shows the selected user. */
async function showUser() {
  const user = selected
  try {
    // Before the comparison, because that reads every document and so fills the cache.
    const inspection = await call(`api/admin/cache/${encodeURIComponent(user)}`)
    const comparison = await call('api/user/settings/comparison', { user })
    if (user !== selected) return
    complain()
    showComparison(user, comparison, showUser)
    showCache(user, inspection, showUser)
    byId('user-panel').hidden = false
  } catch (error) {
    complain(`The settings of ${user} cannot be shown: ${error.message}`)
  }
}
