import { call, ProblemAnswer, sentence } from '../lib/api.js'
import { html, useEffect, useLayoutEffect, useRef, useState } from '../lib/html.js'
import { place } from '../lib/route.js'
import { session, signOut } from '../lib/session.js'
import { healthWords } from '../lib/words.js'
import { Alert, Link } from '../parts/basics.js'
import { Audit } from './audit.js'
import { Bulk } from './bulk.js'
import { Defaults } from './defaults.js'
import { Health } from './health.js'
import { SignIn } from './sign-in.js'
import { UserPage } from './user.js'
import { Users } from './users.js'

/** The frame of every page: sign-in, navigation, how the gateway is. */

const REFRESH_MS = 5_000
const PAGES = [
  { page: undefined, title: 'Health', show: status => html`<${Health} status=${status} />` },
  { page: 'users', title: 'Users', show: (_status, at) => html`<${Users} at=${at} />` },
  { page: 'bulk', title: 'Many users', show: () => html`<${Bulk} />` },
  { page: 'defaults', title: 'Defaults', show: (_status, at) => html`<${Defaults} at=${at} />` },
  { page: 'audit', title: 'Audit', show: (_status, at) => html`<${Audit} at=${at} />` },
]

export function Workbench() {
  const { signedIn, why } = session.use()
  const at = place.use()
  return signedIn ? html`<${SignedIn} at=${at} />` : html`<${Frame}><${SignIn} why=${why} /></${Frame}>`
}

/** @param {{ at: import('../lib/route.js').Place }} props */
function SignedIn({ at }) {
  const { status, fault } = useStatus()
  const content = useRef(null)
  const where = `${at.page} ${at.user} ${at.document} ${at.tab}`
  const before = useRef(where)
  const title = at.user ?? PAGES.find(({ page }) => page === at.page)?.title ?? 'Not found'
  // After signing in, and at another place: keyboards and screen readers begin at its content.
  useLayoutEffect(() => {
    document.title = `${title} · Settings gateway`
    if (status === undefined) return
    content.current.focus()
    if (before.current !== where) scrollTo(0, 0)
    before.current = where
  }, [where, status === undefined])
  return html`
    <${Frame} status=${status} fault=${fault} at=${at} content=${content}>
      <${Alert}>${fault === '' ? '' : `${fault} Trying again.`}</${Alert}>
      ${status === undefined ? null : html`<${Page} at=${at} status=${status} />`}
    </${Frame}>
  `
}

function Page({ at, status }) {
  if (at.user !== undefined) return html`<${UserPage} key=${at.user} user=${at.user} at=${at} />`
  const page = PAGES.find(each => each.page === at.page)
  return page === undefined ? html`<${Alert}>There is no such page.</${Alert}>` : page.show(status, at)
}

function Frame({ status, fault = '', at, content, children }) {
  const { tone, text } = overall(status, fault, at !== undefined)
  const current = page => (at?.user === undefined ? at?.page === page : page === 'users')
  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <header class="bar">
      <h1>Settings gateway</h1>
      ${
        at === undefined
          ? null
          : html`
            <nav class="links pages" aria-label="Pages">
              ${PAGES.map(({ page, title }) => html`<${Link} to=${{ page }} aria-current=${current(page) ? 'page' : undefined}>${title}</${Link}>`)}
            </nav>
          `
      }
      <p class=${`pill ${tone}`} role="status">${text}</p>
      ${at === undefined ? null : html`<button type="button" class="quiet" onClick=${() => signOut()}>Sign out</button>`}
    </header>
    <main id="content" class="content" tabindex="-1" ref=${content}>${children}</main>
  `
}

function overall(status, fault, signedIn) {
  if (!signedIn) return { tone: 'low', text: 'signed out' }
  if (fault !== '') return { tone: 'high', text: 'no answer' }
  return status === undefined ? { tone: 'low', text: 'asking' } : healthWords(status.health.status)
}

/** Asks how the gateway is, while the page is visible. A token that may not ask ends the session. */
function useStatus() {
  const [shown, show] = useState({ status: undefined, fault: '' })
  useEffect(() => {
    let timer
    let left = false
    const refresh = async () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') {
        try {
          const status = await call('api/admin/status')
          if (!left) show({ status, fault: '' })
        } catch (error) {
          if (error instanceof ProblemAnswer && error.status === 403)
            signOut('This token lacks the admin role.')
          else if (!left) show(({ status }) => ({ status, fault: sentence(error) }))
        }
      }
      if (!left) timer = setTimeout(refresh, REFRESH_MS)
    }
    void refresh()
    document.addEventListener('visibilitychange', refresh)
    return () => {
      left = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', refresh)
    }
  }, [])
  return shown
}
