import type { Page } from 'playwright-core'
import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'

const USER_TOKEN = bearer('42').authorization.slice('Bearer '.length)
const SETTINGS = '/api/user/settings/notifications'

t.test('Swagger UI: authorize, try a GET and a PUT', { skip: NO_BROWSER, timeout: 120_000 }, async t => {
  const { gateway } = await startStack(t)
  const { page, complaints } = await openPage(t, await startBrowser(t))
  const answer = await page.goto(`${gateway.url}/docs#/Documents/getSettingsNotifications`)
  const policy = answer?.headers()['content-security-policy'] ?? ''
  t.match(policy, "default-src 'self'")
  t.match(policy, "script-src 'self';")
  t.notMatch(policy, 'unsafe-eval')

  await page.getByRole('button', { name: 'Authorize' }).first().click()
  await page.locator('.auth-container input').fill(USER_TOKEN)
  await page.locator('.auth-btn-wrapper button.authorize').click()
  await page.locator('.auth-btn-wrapper button.btn-done').click()

  const get = operationOf(page, 'get')
  await get.getByRole('button', { name: 'Execute' }).click()
  const live = get.locator('.live-responses-table')
  await live.waitFor()
  t.equal(await live.locator('tbody .response-col_status').first().innerText(), '200')
  t.match(await live.locator('.highlight-code').first().innerText(), '"version": 1')
  t.match(await live.innerText(), 'cache-status: settings-gateway')

  const put = operationOf(page, 'put')
  await put.locator('.opblock-summary-control').click()
  await put.locator('textarea.body-param__text').fill('{"min_pnl_usd": 12.5}')
  await put.getByRole('button', { name: 'Execute' }).click()
  await put.locator('.live-responses-table').waitFor()
  t.match(await put.locator('.live-responses-table .highlight-code').first().innerText(), '"version": 2')
  const stored = (await gateway.as('42', { url: SETTINGS })).json()
  t.match(stored, { version: 2, data: { min_pnl_usd: 12.5 } }, 'it came through to the gateway')

  await page.reload()
  await page.locator('.opblock').first().waitFor()
  t.same(complaints, [], 'nothing in the console, nothing stopped by the policy')
})

function operationOf(page: Page, method: string) {
  return page.locator(`.opblock-${method}`).filter({ has: page.locator(`[data-path="${SETTINGS}"]`) })
}
