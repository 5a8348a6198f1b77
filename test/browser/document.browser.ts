import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { PRODUCTION_TIMES, startStack } from '../helper/gateway.ts'
import { open, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'
const PHONE = { width: 375, height: 700 }

t.test('a document of a user: changing it, and what it was', { skip: NO_BROWSER }, async t => {
  const { gateway, redis } = await startStack(t, PRODUCTION_TIMES)
  const browser = await startBrowser(t)
  const leverageOf = async (user: string) =>
    (await gateway.as(user, { url: SCALP })).json().data.size.leverage
  const put = (user: string, payload: object) => gateway.as(user, { method: 'PUT', url: SCALP, payload })

  t.test('risk and faults as one types, a review before saving, the way back', async t => {
    await put('42', { size: { leverage: 9 } })
    const { page, complaints } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?user=42&tab=documents')
    await page.getByRole('link', { name: 'Trading mode: scalp' }).click()
    const leverage = page.getByLabel('Leverage', { exact: true })
    t.match(await leverage.locator('xpath=..').innerText(), /1 to 125.*default: 10/)
    await leverage.fill('500')
    await page.getByRole('status').getByText('must be at most 125').waitFor()
    t.equal(await page.getByRole('button', { name: 'Review and save' }).isDisabled(), true)
    await leverage.fill('25')
    await leverage.locator('xpath=..').getByText('medium risk').waitFor()
    await page.getByRole('button', { name: 'Review and save' }).click()
    const dialog = page.getByRole('dialog')
    t.match(await dialog.getByRole('row', { name: 'size.leverage' }).innerText(), /9\s+25\s+medium risk/)
    t.same(await accessibilityFaults(page), [], 'a review')
    t.equal(await leverageOf('42'), 9, 'nothing is written before')
    await dialog.getByRole('button', { name: /^Save/ }).click()
    await page.getByText('Saved. Version 3').waitFor()
    t.equal(await leverageOf('42'), 25)

    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('heading', { name: 'Version 3, in force' }).waitFor()
    await page.getByText('changed, operator 7').waitFor()
    t.same(await accessibilityFaults(page), [], 'a history')
    await page.getByRole('button', { name: 'Back to version 1' }).click()
    t.match(await page.getByRole('dialog').innerText(), /size\.leverage\s+25\s+10/)
    await page.getByRole('button', { name: 'Put it in force' }).click()
    await page.getByText('Version 1 is in force again.').waitFor()
    t.equal(await leverageOf('42'), 10)
    await page.getByText('rolled back, operator 7').waitFor()
    t.same(complaints, [])
  })

  t.test('a colleague who saves first: both sides are shown, and nothing of theirs is lost', async t => {
    await put('43', { size: { leverage: 9 } })
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?user=43&document=mode.scalp')
    const leverage = page.getByLabel('Leverage', { exact: true })
    const save = async () => {
      await page.getByRole('button', { name: 'Review and save' }).click()
      await page.getByRole('dialog').getByRole('button', { name: /^Save/ }).click()
    }
    await leverage.fill('12')
    await put('43', { size: { leverage: 11, max_positions: 3 } })
    await save()
    const conflict = page.getByRole('dialog', { name: 'A colleague was faster' })
    t.match(
      await conflict.getByRole('row', { name: 'size.leverage' }).innerText(),
      /both changed it\s+9\s+11\s+12/,
    )
    t.match(
      await conflict.getByRole('row', { name: 'size.max_positions' }).innerText(),
      /10\s+3\s+not touched/,
    )
    t.same(await accessibilityFaults(page), [])
    await conflict.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Version 3 of').waitFor()
    t.equal(await leverage.inputValue(), '12', 'what was typed is still there')
    await put('43', { size: { max_positions: 4 } })
    await save()
    await page.getByRole('button', { name: 'Save mine over it' }).click()
    await page.getByText('Saved. Version 5').waitFor()
    const { size } = (await gateway.as('43', { url: SCALP })).json().data
    t.match(size, { leverage: 12, max_positions: 4 })
    await leverage.fill('13')
    await put('43', { size: { leverage: 8 } })
    await save()
    await page.getByRole('button', { name: 'Drop mine' }).click()
    await page.getByText('You kept what your colleague saved. Version 6').waitFor()
    t.equal(await leverage.inputValue(), '8')
    t.equal(await leverageOf('43'), 8)
  })

  t.test('what is typed is not lost by accident', async t => {
    await gateway.as('45', { url: SCALP })
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?user=45&document=mode.scalp')
    const leverage = page.getByLabel('Leverage', { exact: true })
    await page.getByLabel('Find a field').fill('leverage')
    await leverage.fill('12')
    page.once('dialog', dialog => void dialog.dismiss())
    await page.getByRole('link', { name: 'Health' }).click()
    t.equal(await leverage.inputValue(), '12')
    page.once('dialog', dialog => void dialog.accept())
    await page.getByRole('link', { name: 'Health' }).click()
    await page.getByText('Guard against a slow Redis').waitFor()
  })

  t.test('on a phone in the dark, with Redis stopped in the middle', async t => {
    await put('44', { size: { leverage: 9 } })
    const { page } = await openPage(t, browser, { viewport: PHONE, colorScheme: 'dark' })
    await signIn(page, gateway)
    await open(page, gateway, '?user=44&document=mode.scalp')
    const leverage = page.getByLabel('Leverage', { exact: true })
    await leverage.fill('25')
    await leverage.locator('xpath=..').getByText('medium risk').waitFor()
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), PHONE.width)
    t.same(await accessibilityFaults(page), [])
    await redis.kill()
    await page.getByRole('button', { name: 'Review and save' }).click()
    await page.getByRole('dialog').getByRole('button', { name: /^Save/ }).click()
    await page.getByText('Saved. Version 3').waitFor()
    t.equal(await leverageOf('44'), 25)
    await page.getByRole('status').getByText('needs a look').waitFor()
    await redis.restart()
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('heading', { name: 'Version 3, in force' }).waitFor()
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), PHONE.width)
  })
})
