import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { redisOf, startStack } from '../helper/gateway.ts'
import { ADMIN_TOKEN, open, showUser, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('the settings of a user on the operator page', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  const put = (user: string, url: string, payload: object) =>
    gateway.as(user, { method: 'PUT', url, payload })

  t.test('differences are coloured by risk, and reset after a preview', async t => {
    await put('42', SCALP, { confidence: { min_confidence: 30 } })
    await put('42', '/api/user/global-circuit-breaker', { enabled: false })
    const { page, complaints } = await openPage(t, browser)
    await signIn(page, gateway)
    await showUser(page, gateway, '42')
    const breaker = page.getByRole('table', { name: 'Global circuit breaker' })
    t.match(await breaker.getByRole('cell', { name: 'high' }).innerHTML(), 'badge high')
    const row = page.locator('#comparison').getByRole('row', { name: 'confidence.min_confidence' })
    t.match(await row.innerText(), /30\s+40/)
    await row.getByRole('button').click()
    await page.getByRole('dialog').getByText('1 would change').waitFor()
    t.equal((await gateway.as('42', { url: SCALP })).json().data.confidence.min_confidence, 30)
    await page.getByRole('button', { name: 'Reset this field' }).click()
    await row.waitFor({ state: 'detached' })
    t.equal((await gateway.as('42', { url: SCALP })).json().data.confidence.min_confidence, 40)
    await page.getByRole('button', { name: 'Preview all defaults' }).click()
    await page.getByRole('button', { name: 'Load all defaults' }).click()
    await page.getByText('All settings of 42 are the defaults').waitFor()
    t.same(complaints, [])
  })

  t.test('works by the keyboard alone', async t => {
    await put('43', SCALP, { confidence: { min_confidence: 30 } })
    const { page } = await openPage(t, browser)
    const press = (key: string) => page.keyboard.press(key)
    const focused = () =>
      page.evaluate<string>(
        '(at => at.getAttribute("aria-label") ?? (at.id || at.textContent.trim()))(document.activeElement)',
      )
    await page.goto(`${gateway.url}/ops/?user=43`)
    for (const id of ['Skip to the content', 'token']) {
      await press('Tab')
      t.equal(await focused(), id)
    }
    await page.keyboard.type(ADMIN_TOKEN)
    await press('Enter')
    await page.getByRole('table', { name: 'Trading mode: scalp' }).waitFor()
    t.equal(await focused(), 'content', 'the focus goes to what signing in was for')
    const reset = 'Reset mode.scalp confidence.min_confidence…'
    while ((await focused()) !== reset) {
      await press('Tab')
      t.not(await focused(), 'Sign out', 'the field comes before the end of the page')
    }
    await press('Enter')
    await page.getByRole('dialog').waitFor()
    t.equal(await focused(), 'Cancel', 'Enter at once does no harm')
    await press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    t.equal(await focused(), reset, 'the focus comes back')
    t.equal((await gateway.as('43', { url: SCALP })).json().data.confidence.min_confidence, 30)
    await press('Enter')
    await page.getByRole('dialog').waitFor()
    await press('Shift+Tab')
    await press('Enter')
    await page.getByText('All settings of 43 are the defaults').waitFor()
  })

  t.test('the inspector shows what Redis lost, and fills it', async t => {
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await gateway.as('44', { url: '/api/futures/ginie/decision-settings' })
    await open(page, gateway, '?user=44&tab=cache')
    await page.getByText('15 of 15 keys were ready').waitFor()
    await redisOf(gateway).del('user:44:mode:scalp')
    await page.reload()
    await page.getByText('14 of 15 keys were ready').waitFor()
    await page.getByRole('button', { name: 'Warm up' }).click()
    await page.getByText('Warmed up: 15 keys are ready').waitFor()
  })
})
