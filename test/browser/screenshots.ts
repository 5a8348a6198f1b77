import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import { openPage, startBrowser } from '../helper/browser.ts'
import { eventually, startStack } from '../helper/gateway.ts'
import { OpenLoop } from '../load/open-loop.ts'
import { withScope } from '../load/scope.ts'
import { showUser, signIn } from './operator.ts'

/** `npm run screenshots`: takes those of the README anew, of five minutes of traffic with an outage of Redis in it. */

commandLine({
  command: 'npm run screenshots --',
  summary:
    'Takes the screenshots of the operator page anew, of five minutes of traffic with an outage of Redis in it.',
  options: {},
})

const DIRECTORY = join(import.meta.dirname, '../../deploy/screenshots')
const BEFORE_MS = 180_000
const OUTAGE_MS = 5_000
const AFTER_MS = 120_000
const SCALP = '/api/futures/ginie/modes/scalp'

await withScope(async scope => {
  const { gateway, redis } = await startStack(scope)
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

  const browser = await startBrowser(scope)
  const desktop = await openPage(scope, browser, { viewport: { width: 1_100, height: 800 } })
  await signIn(desktop.page, gateway)
  await showUser(desktop.page, gateway, '42')
  await desktop.page.screenshot({ path: join(DIRECTORY, 'ops.png'), fullPage: true })
  const viewport = { width: 360, height: 740 }
  const { page } = await openPage(scope, browser, { viewport, colorScheme: 'dark' })
  await signIn(page, gateway)
  await showUser(page, gateway, '42')
  await page.getByRole('button', { name: 'Reset circuit_breaker enabled' }).click()
  await page.getByRole('dialog').getByText('1 would change').waitFor()
  await page.screenshot({ path: join(DIRECTORY, 'ops-phone.png') })
  stop.abort()
  await running
})

function isHealthy({ status }: { readonly status: string }): boolean {
  return status === 'healthy'
}
