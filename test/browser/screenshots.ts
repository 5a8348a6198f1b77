import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import type { Scope } from '../helper/backends.ts'
import { openPage, startBrowser } from '../helper/browser.ts'
import { eventually, PRODUCTION_TIMES, startStack, type TestGateway } from '../helper/gateway.ts'
import { startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { OpenLoop } from '../load/open-loop.ts'
import { withScope } from '../load/scope.ts'
import { open, signIn } from './operator.ts'

/** `npm run screenshots`: the pictures of README and docs/operate.md, after two minutes of traffic with an outage of Redis in it. */

commandLine({
  command: 'npm run screenshots --',
  summary:
    'Takes the pictures of the workbench for the README and docs/operate.md, after two minutes of traffic with an outage.',
  options: {},
})

const DIRECTORY = join(import.meta.dirname, '../../deploy/screenshots')
const BEFORE_MS = 60_000
const OUTAGE_MS = 5_000
const AFTER_MS = 30_000
const SCALP = '/api/futures/ginie/modes/scalp'

await withScope(async scope => {
  const { gateway, redis } = await startStack(scope, PRODUCTION_TIMES)
  const put = (url: string, payload: object) => gateway.as('42', { method: 'PUT', url, payload })
  await put(SCALP, { confidence: { min_confidence: 31 }, size: { leverage: 25 } })
  await put('/api/user/global-circuit-breaker', { enabled: false })
  await gateway.as('42', { url: '/api/futures/ginie/decision-settings' })
  const load = new OpenLoop({ url: gateway.url, rate: 20, writes: 0.05, users: 10 })
  await load.prepare()
  const stop = new AbortController()
  const running = load.run(stop.signal)
  await sleep(BEFORE_MS)
  await redis.kill()
  await sleep(OUTAGE_MS)
  await redis.restart()
  await eventually('the cache is on', () => gateway.services.status.health().then(isHealthy))
  await sleep(AFTER_MS)

  await health(scope, gateway)
  await form(scope, gateway)
  await phone(scope, gateway)
  await many(scope, gateway)
  await instances(scope, gateway, redis.url)
  stop.abort()
  await running
})

async function health(scope: Scope, gateway: TestGateway): Promise<void> {
  const { page } = await openPage(scope, await startBrowser(scope), {
    viewport: { width: 1_000, height: 800 },
  })
  await signIn(page, gateway)
  await page.screenshot({ path: join(DIRECTORY, 'ops.png'), fullPage: true })
}

/** A change that is typed and not saved, with its risk. */
async function form(scope: Scope, gateway: TestGateway): Promise<void> {
  const { page } = await openPage(scope, await startBrowser(scope), {
    viewport: { width: 1_000, height: 760 },
  })
  await signIn(page, gateway)
  await open(page, gateway, '?user=42&document=mode.scalp')
  const leverage = page.getByLabel('Leverage', { exact: true })
  await leverage.fill('40')
  await leverage.locator('xpath=..').getByText('medium risk').waitFor()
  await page.evaluate('document.activeElement.scrollIntoView({ block: "center" })')
  await page.screenshot({ path: join(DIRECTORY, 'ops-form.png') })
}

/** Both sides, when a colleague was faster. */
async function phone(scope: Scope, gateway: TestGateway): Promise<void> {
  const viewport = { width: 375, height: 760 }
  const { page } = await openPage(scope, await startBrowser(scope), { viewport, colorScheme: 'dark' })
  await signIn(page, gateway)
  await open(page, gateway, '?user=42&document=mode.scalp')
  await page.getByLabel('Leverage', { exact: true }).fill('12')
  await gateway.as('42', { method: 'PUT', url: SCALP, payload: { size: { leverage: 11, max_positions: 3 } } })
  await page.getByRole('button', { name: 'Review and save' }).click()
  await page.getByRole('dialog').getByRole('button', { name: /^Save/ }).click()
  await page.getByRole('dialog', { name: 'A colleague was faster' }).waitFor()
  await page.screenshot({ path: join(DIRECTORY, 'ops-phone.png') })
}

/** Some fields of many users, counted and not changed yet. */
async function many(scope: Scope, gateway: TestGateway): Promise<void> {
  const { page } = await openPage(scope, await startBrowser(scope), {
    viewport: { width: 1_000, height: 760 },
  })
  await signIn(page, gateway)
  await open(page, gateway, '?page=bulk')
  await page.getByLabel('Value').fill('5')
  await page.getByLabel('Leverage', { exact: true }).fill('3')
  await page.getByLabel('One more field').selectOption('confidence.min_confidence')
  await page.locator('[data-path="confidence.min_confidence"] input').fill('60')
  await page.getByLabel('Why').fill('rate decision at 14:00')
  await page.getByRole('button', { name: 'Show what would change' }).click()
  await page.getByText('of them would get another value').waitFor()
  await page.screenshot({ path: join(DIRECTORY, 'ops-bulk.png'), fullPage: true })
}

/** Two instances that are well, and one that was killed. */
async function instances(scope: Scope, gateway: TestGateway, redisUrl: string): Promise<void> {
  const stores = { DATABASE_URL: gateway.databaseUrl, REDIS_URL: redisUrl }
  await startInstance(scope, stores)
  const killed = await startInstance(scope, stores)
  const url = '/api/admin/instances'
  await eventually('it is listed', async () =>
    (await gateway.app.inject({ url, headers: ADMIN })).body.includes(`"port":${killed.port},`),
  )
  process.kill(killed.pid, 'SIGKILL')
  const { page } = await openPage(scope, await startBrowser(scope), {
    viewport: { width: 1_000, height: 760 },
  })
  await signIn(page, gateway)
  await page.getByText('was last seen').waitFor({ timeout: 120_000 })
  await page.getByRole('heading', { name: 'Instances' }).evaluate('each => each.scrollIntoView()')
  await page.screenshot({ path: join(DIRECTORY, 'ops-instances.png') })
}

function isHealthy({ status }: { readonly status: string }): boolean {
  return status === 'healthy'
}
