import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { redisOf, startStack } from '../helper/gateway.ts'
import { ADMIN_TOKEN, showUser, signIn } from './operator.ts'

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
    await showUser(page, '42')
    const breaker = page.getByRole('table', { name: 'circuit_breaker' })
    t.match(await breaker.getByRole('cell', { name: 'high' }).innerHTML(), 'badge high')
    const row = page.getByRole('row', { name: 'confidence.min_confidence' })
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
      page.evaluate<string>('document.activeElement.getAttribute("aria-label") ?? document.activeElement.id')
    await page.goto(`${gateway.url}/ops/`)
    for (const id of ['', 'token']) {
      await press('Tab')
      t.equal(await focused(), id)
    }
    await page.keyboard.type(ADMIN_TOKEN)
    await press('Enter')
    await page.getByText('Circuit breaker').first().waitFor()
    t.equal(await focused(), 'content', 'the focus goes to what signing in was for')
    await press('Tab')
    t.equal(await focused(), 'user')
    await page.keyboard.type('43')
    await press('Enter')
    await page.getByRole('table', { name: 'mode.scalp' }).waitFor()
    await press('Tab')
    await press('Tab')
    const reset = 'Reset mode.scalp confidence.min_confidence…'
    t.equal(await focused(), reset)
    await press('Enter')
    await page.getByRole('dialog').waitFor()
    t.equal(await focused(), 'dialog-cancel', 'Enter at once does no harm')
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
    await showUser(page, '44')
    await page.getByText('15 of 15 keys held a value').waitFor()
    await redisOf(gateway).del('user:44:mode:scalp')
    await showUser(page, '44')
    await page.getByText('14 of 15 keys held a value').waitFor()
    await page.getByRole('button', { name: 'Warm up' }).click()
    await page.getByText('Warmed up: 15 keys hold a value').waitFor()
  })
})
