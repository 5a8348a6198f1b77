import { call, forgetToken, hasToken, keepToken, ProblemAnswer } from './api.js'
import { showCharts } from './charts.js'
import { byId, complain } from './dom.js'
import { showStatus, showTransitions } from './status.js'
import { watchUserForm } from './user.js'

/** Signing in and out, and the periodic refresh. */

const REFRESH_MS = 5_000
let timer

function show(signedIn) {
  byId('sign-in').hidden = signedIn
  byId('signed-in').hidden = !signedIn
  byId('sign-out').hidden = !signedIn
  if (!signedIn) {
    byId('overall').textContent = 'signed out'
    byId('overall').className = 'pill'
    byId('instance').textContent = ''
  }
}

async function refresh() {
  clearTimeout(timer)
  if (document.visibilityState === 'visible') {
    try {
      const status = await call('api/admin/status')
      if (!hasToken()) return
      show(true)
      complain()
      showStatus(status)
      showTransitions(status.transitions)
      showCharts(status.samples)
    } catch (error) {
      if (showFailure(error)) return
    }
  }
  timer = setTimeout(refresh, REFRESH_MS)
}

/** Shows why the refresh failed. True when the token is refused, so that trying again is useless. */
function showFailure(error) {
  if (error instanceof ProblemAnswer && (error.status === 401 || error.status === 403)) {
    signOut()
    complain(
      error.status === 403 ? 'This token lacks the admin role.' : 'This token is not valid or has expired.',
    )
    return true
  }
  byId('overall').textContent = 'no answer'
  byId('overall').className = 'pill high'
  complain(`The gateway does not answer (${error.message}). Trying again.`)
  return false
}

function signOut() {
  clearTimeout(timer)
  forgetToken()
  show(false)
  // No data of a user stays on the screen after signing out.
  byId('user-panel').hidden = true
  byId('comparison').replaceChildren()
  byId('cache').replaceChildren()
  byId('token').focus()
}

byId('sign-in').addEventListener('submit', event => {
  event.preventDefault()
  const input = byId('token')
  keepToken(input.value.trim())
  input.value = ''
  void refresh().then(() => {
    if (!byId('signed-in').hidden) byId('content').focus()
  })
})
byId('sign-out').addEventListener('click', () => {
  complain()
  signOut()
})
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && hasToken()) void refresh()
})
watchUserForm()
show(false)
if (hasToken()) void refresh()
