import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { REDIS_OUTAGE, startStack } from '../helper/gateway.ts'
import { signIn } from './operator.ts'

t.test('an outage of Redis is seen on the workbench as it happens', { skip: NO_BROWSER }, async t => {
  const { gateway, redis } = await startStack(t, REDIS_OUTAGE)
  const browser = await startBrowser(t)
  const { page } = await openPage(t, browser)
  await signIn(page, gateway)
  await redis.kill()
  await gateway.as('42', {
    method: 'PUT',
    url: '/api/user/settings',
    payload: { trading: { dry_run: false } },
  })
  await gateway.as('42', { url: '/api/user/settings' })
  await page.getByRole('row', { name: 'Redis is left alone' }).waitFor()
  await page.getByRole('row', { name: 'Fast reads off Redis cannot be reached' }).waitFor()
  await page.getByText('Redis is not usable').waitFor()
  t.equal(await page.getByRole('status').first().innerText(), 'needs a look')
  await redis.restart()
  await page.getByRole('row', { name: 'Redis is used again' }).waitFor()
  await page.getByRole('status').first().getByText('all well').waitFor()
  await page
    .locator('#hit-ratio-text')
    .getByText(/%: \d+ from Redis, \d+ first reads, [1-9]\d* past the cache/)
    .waitFor()
  t.match(await page.locator('#latency-text').innerText(), /99 of 100 within [\d.]+ ms/)
  t.equal(await page.locator('.chart canvas').count(), 2)
})
