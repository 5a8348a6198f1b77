import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { SERVICE, startStack } from '../helper/gateway.ts'
import { open, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('what happens for a user now', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t, { BINANCE_CACHE_TTL_MS: '600000' })
  const browser = await startBrowser(t)
  const put = (user: string, payload: object) => gateway.as(user, { method: 'PUT', url: SCALP, payload })

  t.test('changes as they are stored, order numbers, what the exchange said', async t => {
    await gateway.as('42', { method: 'POST', url: '/api/user/sequence', payload: { count: 7 } })
    const order = '[{"symbol":"BTCUSDT","orderId":90071992547409931234}]'
    await fetch(`${gateway.url}/api/binance/orders`, {
      method: 'PUT',
      headers: { ...SERVICE, 'x-user-id': '42', 'content-type': 'application/json' },
      body: order,
    })
    const { page } = await openPage(t, browser, { viewport: { width: 375, height: 700 } })
    await signIn(page, gateway)
    await open(page, gateway, '?user=42&tab=today')
    await page.getByText('The last one drawn is 7').waitFor()
    await page.getByText('90071992547409931234').waitFor()
    await page.getByText('The bot has reported none').waitFor()
    await page.getByText('listening').waitFor()
    await put('42', { size: { leverage: 12 } })
    await page.getByRole('row', { name: /Trading mode: scalp.*version 2/ }).waitFor()
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 375)
    t.same(await accessibilityFaults(page), [])
    await gateway.as('42', { method: 'POST', url: '/api/user/sequence', payload: {} })
    await page.getByRole('button', { name: 'Look again at order numbers' }).click()
    await page.getByText('The last one drawn is 8').waitFor()
  })

  t.test('an open form follows, until something is typed', async t => {
    await put('43', { size: { leverage: 9 } })
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?user=43&tab=today')
    await page.getByText('listening').waitFor()
    await page.getByRole('link', { name: 'All settings' }).click()
    await page.getByRole('link', { name: 'Trading mode: scalp' }).click()
    await page.getByText('Version 2 of').waitFor()
    await put('43', { size: { leverage: 11 } })
    await page.getByText('Version 3 of').waitFor()
    const leverage = page.getByLabel('Leverage', { exact: true })
    t.equal(await leverage.inputValue(), '11')
    await leverage.fill('12')
    await put('43', { size: { leverage: 13 } })
    await page.getByText('has just saved version 4').waitFor()
    t.equal(await leverage.inputValue(), '12')
  })
})
