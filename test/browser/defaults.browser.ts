import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'
import { open, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('the defaults', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  const defaults = async () =>
    (await gateway.app.inject({ url: '/api/admin/defaults', headers: ADMIN })).json()
  for (const user of ['41', '42', '43']) await gateway.as(user, { url: SCALP })
  await gateway.as('43', { method: 'PUT', url: SCALP, payload: { size: { leverage: 7 } } })

  t.test('who is affected is shown before they are published', async t => {
    const { page, complaints } = await openPage(t, browser, { viewport: { width: 375, height: 700 } })
    await signIn(page, gateway)
    await page.getByRole('link', { name: 'Defaults' }).click()
    await page.getByRole('link', { name: 'Trading mode: scalp' }).click()
    const leverage = page.getByLabel('Leverage', { exact: true })
    await page.getByLabel('Find a field').fill('leverage')
    await leverage.fill('20')
    await page.getByRole('button', { name: 'Review and save' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 users').waitFor()
    t.match(await dialog.getByText('medium risk').innerText(), 'medium risk')
    t.same(await accessibilityFaults(page), [])
    t.equal(await page.evaluate('document.querySelector("dialog").scrollWidth <= innerWidth'), true)
    t.equal((await defaults()).version, 1)
    await dialog.getByRole('button', { name: /^Save/ }).click()
    await page.getByText('Saved. Version 2').waitFor()
    t.equal((await defaults()).data.mode_configs.scalp.size.leverage, 20)
    t.equal(
      (await gateway.as('42', { url: SCALP })).json().data.size.leverage,
      10,
      'users keep what they have',
    )
    t.same(complaints, [])
  })

  t.test('a colleague who publishes first; the older name of a mode', async t => {
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?page=defaults&document=mode.ultra')
    const leverage = page.getByLabel('Leverage', { exact: true })
    await page.getByLabel('Find a field').fill('leverage')
    await leverage.fill('999')
    await page.getByRole('status').getByText('must be at most 125').waitFor()
    await leverage.fill('12')
    await gateway.app.inject({
      method: 'PUT',
      url: '/api/admin/defaults',
      headers: ADMIN,
      payload: { mode_configs: { ultra_fast: { size: { leverage: 11 } } } },
    })
    await page.getByRole('button', { name: 'Review and save' }).click()
    await page.getByRole('dialog').getByRole('button', { name: /^Save/ }).click()
    const row = page.getByRole('dialog').getByRole('row', { name: 'size.leverage' })
    t.match(await row.innerText(), /both changed it\s+10\s+11\s+12/)
    await page.getByRole('button', { name: 'Save mine over it' }).click()
    await page.getByText('Saved. Version 4').waitFor()
    t.equal((await defaults()).data.mode_configs.ultra_fast.size.leverage, 12)
  })

  t.test("a user's settings as the defaults, and the file again", async t => {
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?page=defaults')
    await page.getByRole('button', { name: "Publish a user's settings" }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('User id').fill('nobody')
    await dialog.getByRole('button', { name: 'Show what changes' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('User id').fill('43')
    await dialog.getByRole('button', { name: 'Show what changes' }).click()
    t.match(await dialog.getByRole('table', { name: 'scalp' }).innerText(), /size\.leverage\s+7\s+20/)
    await dialog.getByRole('button', { name: 'Publish as the defaults' }).click()
    await page.getByText(/default.* changed; this is version 5/).waitFor()
    t.equal((await defaults()).data.mode_configs.scalp.size.leverage, 7)
    await page.getByRole('button', { name: 'Load the file again' }).click()
    await page.getByRole('button', { name: 'Load the file', exact: true }).click()
    await page.getByText(/changed; this is version 6/).waitFor()
    t.equal((await defaults()).data.mode_configs.scalp.size.leverage, 10)
    t.same(await accessibilityFaults(page), [])
  })
})
