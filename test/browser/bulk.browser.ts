import t from 'tap'
import { accessibilityFaults } from '../helper/accessibility.ts'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('many users at once: counted first, then changed, then taken back', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  const leverageOf = async (user: string) =>
    (await gateway.as(user, { url: SCALP })).json().data.size.leverage
  for (const [user, leverage] of [
    ['a', 20],
    ['b', 30],
    ['c', 5],
  ] as const) {
    await gateway.as(user, { method: 'PUT', url: SCALP, payload: { size: { leverage } } })
  }
  const { page, complaints } = await openPage(t, browser, { viewport: { width: 375, height: 700 } })
  await signIn(page, gateway)
  await page.getByRole('link', { name: 'Many users' }).click()
  await page.getByLabel('Value').fill('10')
  await page.getByLabel('Leverage', { exact: true }).fill('3')
  await page.getByLabel('One more field').selectOption('confidence.min_confidence')
  await page.locator('[data-path="confidence.min_confidence"] input').fill('61')
  await page.getByLabel('Why').fill('rate decision')
  await page.getByRole('button', { name: 'Show what would change' }).click()
  await page.getByText('2 users fit; 2 of them').waitFor()
  t.same(await accessibilityFaults(page), [])
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 375)
  t.equal(await leverageOf('a'), 20, 'nothing is written before')
  await page.getByRole('button', { name: 'Change 2 users' }).click()
  await page.getByText('2 of 2').waitFor()
  await page.getByRole('button', { name: 'Take back…' }).waitFor()
  t.strictSame([await leverageOf('a'), await leverageOf('b'), await leverageOf('c')], [3, 3, 5])
  const { data } = (await gateway.as('a', { url: SCALP })).json()
  t.equal(data.confidence.min_confidence, 61, 'both fields at once')
  t.same(await accessibilityFaults(page), [])
  await page.getByRole('button', { name: 'Take back…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
  await page.getByText('takes a change back').waitFor()
  await page.getByText('2 of 2').nth(1).waitFor()
  await page.getByText('running').waitFor({ state: 'detached' })
  t.strictSame([await leverageOf('a'), await leverageOf('b')], [20, 30])

  await page.getByLabel('Leverage', { exact: true }).fill('4')
  await page.getByRole('button', { name: 'Leave out Min confidence' }).click()
  await page.getByLabel('Why').fill('once more')
  await page.getByRole('button', { name: 'Show what would change' }).click()
  const start = page.getByRole('button', { name: 'Change 2 users' })
  await start.waitFor()
  await gateway.as('b', { method: 'PUT', url: SCALP, payload: { size: { leverage: 31 } } })
  await start.click()
  await page.getByText('1 refused').click()
  await page.getByText('the document was changed since the dry run').waitFor()
  t.strictSame([await leverageOf('a'), await leverageOf('b')], [4, 31], 'a colleague is not overwritten')
  t.same(await accessibilityFaults(page), [])
  t.same(complaints, [])
})
