import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { open, showUser, signIn } from './operator.ts'

const PHONE = { width: 320, height: 640 }
/** What each of the places shows when it is loaded. */
const PLACES_SHOW = /^1 user\.$|keys were ready|Looking has created none/
const SCALP = '/api/futures/ginie/modes/scalp'

t.test('the workbench on a phone', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  await gateway.as('42', {
    method: 'PUT',
    url: SCALP,
    payload: { confidence: { min_confidence: 30 }, size: { leverage: 25 } },
  })

  t.test('has nothing to scroll sideways and no accessibility faults', async t => {
    const { page } = await openPage(t, browser, { viewport: PHONE, colorScheme: 'light' })
    const widest = () => page.evaluate('document.documentElement.scrollWidth')
    await page.goto(`${gateway.url}/ops/`)
    t.equal(await widest(), PHONE.width)
    t.same(await accessibilityFaults(page), [], 'signed out')
    await signIn(page, gateway)
    await showUser(page, gateway, '42')
    t.equal(await widest(), PHONE.width)
    for (const place of [
      '?page=users&where=mode.scalp:size.leverage>10',
      '?user=42&tab=cache',
      '?user=nobody',
    ]) {
      await open(page, gateway, place)
      await page.getByText(PLACES_SHOW).first().waitFor()
      t.equal(await widest(), PHONE.width, place)
      t.same(await accessibilityFaults(page), [], place)
    }
    await showUser(page, gateway, '42')
    await page.getByRole('button', { name: 'Preview all defaults' }).click()
    await page.getByRole('button', { name: 'Load all defaults' }).waitFor()
    t.equal(await page.evaluate('document.querySelector("dialog").scrollWidth <= innerWidth'), true)
    t.same(await accessibilityFaults(page), [], 'a dialog')
  })

  t.test('is as readable in the dark', async t => {
    const { page } = await openPage(t, browser, { viewport: PHONE, colorScheme: 'dark' })
    await signIn(page, gateway)
    await showUser(page, gateway, '42')
    t.equal(
      await page.evaluate('getComputedStyle(document.body).backgroundColor'),
      'rgb(16, 21, 29)',
      'dark indeed',
    )
    t.same(await accessibilityFaults(page), [])
  })
})
