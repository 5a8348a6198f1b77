import { createStore } from './store.js'

/** Who is signed in. The token stays in this tab (sessionStorage): never in an address, a cookie or a log. */

const TOKEN = 'settings-gateway-token'
const NAME = 'settings-gateway-operator'

/** `why`: what the sign-in form says above its fields. */
export const session = createStore({ signedIn: token() !== '', why: '' })

/** The token of this tab, '' without one. */
export function token() {
  return sessionStorage.getItem(TOKEN) ?? ''
}

/** The name that the history gets beside a service's own, '' when none was given. */
export function operatorName() {
  return sessionStorage.getItem(NAME) ?? ''
}

/**
 * @param {string} text the token
 * @param {string} name the operator's
 */
export function signIn(text, name) {
  sessionStorage.setItem(TOKEN, text)
  if (name === '') sessionStorage.removeItem(NAME)
  else sessionStorage.setItem(NAME, name)
  session.set({ signedIn: true, why: '' })
}

/** Forgets the token; nothing of a user stays on the screen. */
export function signOut(why = '') {
  sessionStorage.removeItem(TOKEN)
  sessionStorage.removeItem(NAME)
  session.set({ signedIn: false, why })
}
