import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { open } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('an operator with a service token, and who changed what', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t, { SERVICE_SCOPES: 'bot=read+write+sequence+exchange+admin' })
  const browser = await startBrowser(t)
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 9 } } })
  const { page } = await openPage(t, browser, { viewport: { width: 375, height: 700 }, colorScheme: 'dark' })
  const users = async () =>
    (await gateway.services.pool.query('SELECT DISTINCT user_id FROM documents ORDER BY 1')).rows
  await open(page, gateway, '?user=nobody')
  await page.getByLabel('Admin token').fill(SERVICE_TOKEN)
  await page.getByLabel('Your name').fill('alice')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('There is no user nobody').waitFor()
  const before = await users()
  for (const place of [
    '?user=nobody&document=mode.scalp',
    '?user=nobody&tab=today',
    '?user=nobody&tab=planned',
  ]) {
    await open(page, gateway, place)
    await page.getByText('There is no user nobody').waitFor()
  }
  t.strictSame(await users(), before, 'looking creates nobody, although a read by a service may')

  await open(page, gateway, '?user=42&document=mode.scalp')
  await page.getByLabel('Find a field').fill('leverage')
  await page.getByLabel('Leverage', { exact: true }).fill('12')
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByRole('button', { name: /^Save/ }).click()
  await page.getByText('Saved. Version 3').waitFor()

  await page.getByRole('link', { name: 'All changes' }).click()
  await page.getByText('alice (service bot)').waitFor()
  t.match(page.url(), /\?page=audit&of=42$/)
  await page.getByText(/^\d+ documents created$/).waitFor()
  t.equal(await page.getByRole('row').filter({ hasText: 'created' }).count(), 1, 'one row for all')
  t.same(await accessibilityFaults(page), [])
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 375)
  await page.getByLabel('User id').fill('')
  await page.getByLabel('Changed by').fill('service:bot/alice')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('1 change, newest first.').waitFor()
  t.match(await page.getByRole('row', { name: 'alice' }).innerText(), 'size.leverage: 9 → 12')
  await page.reload()
  await page.getByText('1 change, newest first.').waitFor()
  await page.getByLabel('From').fill('2099-01-01T00:00')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('No change fits so far.').waitFor()
})
