import { html, useEffect, useRef } from '../lib/html.js'
import { signIn } from '../lib/session.js'
import { Alert } from '../parts/basics.js'

/** @param {{ why: string }} props why the operator has to sign in again */
export function SignIn({ why }) {
  const field = useRef(null)
  useEffect(() => {
    if (why !== '') field.current.focus()
  }, [why])
  const submit = event => {
    event.preventDefault()
    const { token, operator } = Object.fromEntries(new FormData(event.target))
    event.target.reset()
    signIn(String(token).trim(), String(operator).trim())
  }
  return html`
    <${Alert}>${why}</${Alert}>
    <form class="panel sign-in" autocomplete="off" onSubmit=${submit}>
      <h2>Sign in</h2>
      <label for="token">Admin token</label>
      <input id="token" name="token" type="password" required autocomplete="off" spellcheck=${false} aria-describedby="token-note" ref=${field} />
      <p id="token-note" class="muted">
        A JWT with the role admin (<code>npm run token -- --admin</code>), or a service token with the scope admin. It stays in
        this tab and goes nowhere but this gateway.
      </p>
      <label for="operator">Your name, with a service token</label>
      <input
        id="operator" name="operator" maxlength="64" autocomplete="off" spellcheck=${false} aria-describedby="operator-note"
        pattern="[A-Za-z0-9](?:[A-Za-z0-9 ._@+'\\-]*[A-Za-z0-9._@+'\\-])?"
      />
      <p id="operator-note" class="muted">The history names you beside each change. A JWT names its owner by itself.</p>
      <button type="submit" class="primary">Sign in</button>
    </form>
  `
}
