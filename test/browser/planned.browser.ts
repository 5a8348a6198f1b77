import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { open, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('a change that takes effect later', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  await gateway.as('42', { url: SCALP })
  const { page, complaints } = await openPage(t, browser, {
    viewport: { width: 375, height: 700 },
    timezoneId: 'Asia/Tokyo',
  })
  await signIn(page, gateway)
  await open(page, gateway, '?user=42&document=mode.scalp')
  await page.getByLabel('Find a field').fill('leverage')
  await page.getByLabel('Leverage', { exact: true }).fill('3')
  await page.getByRole('button', { name: 'Save later' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Asia/Tokyo').waitFor()
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
  const plan = dialog.getByRole('button', { name: 'Plan it' })
  await dialog.getByLabel('From').fill(`${day}T14:00`)
  await dialog.getByLabel('Until').fill(`${day}T13:00`)
  await dialog.getByText('Until must be after From').waitFor()
  t.equal(await plan.isDisabled(), true)
  await dialog.getByLabel('Until').fill(`${day}T15:00`)
  await dialog.getByLabel('Why').fill('interest rate decision')
  t.same(await accessibilityFaults(page), [])
  t.equal(await page.evaluate('document.querySelector("dialog").scrollWidth <= innerWidth'), true)
  await plan.click()
  await page.getByText(/Planned for .*2:00:00/).waitFor()
  const { schedules } = (await gateway.as('42', { url: '/api/user/settings/schedule' })).json()
  t.match(schedules, [
    { document: 'mode.scalp', at: `${day}T05:00:00.000Z`, data: { size: { leverage: 3 } } },
  ])
  t.equal((await gateway.as('42', { url: SCALP })).json().version, 1)

  await page.getByRole('link', { name: 'Planned' }).click()
  t.match(await page.getByRole('row', { name: 'size.leverage: 3' }).innerText(), 'interest rate decision')
  t.same(await accessibilityFaults(page), [])
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 375)
  await page.getByRole('button', { name: 'Call off…' }).click()
  await page.getByRole('button', { name: 'Call it off' }).click()
  await page.getByText('Called off.').waitFor()
  await page.getByRole('row', { name: 'called off' }).waitFor()
  t.same(complaints, [])
})
