import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Scope } from './backends.ts'

/** Where Debian and others put it. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
/** The reason for skipping the browser tests; false where there is a browser. */
export const NO_BROWSER =
  CHROMIUM === undefined &&
  'no Chromium: apt-get install --no-install-recommends chromium makes this test run'

/** A page and everything that a developer would see in its console as a problem. */
export interface WatchedPage {
  readonly page: Page
  readonly complaints: readonly string[]
}

/** A browser of the test's own. */
export async function startBrowser(t: Scope): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM!,
    // Without most of them it calls home at each start.
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
  t.teardown(() => browser.close())
  return browser
}

/** A fresh page; collects errors, warnings of the console and failed loads. */
export async function openPage(
  t: Scope,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  // Two cores may be busy with other tests.
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('requestfailed', request => {
    const why = request.failure()?.errorText ?? 'failed'
    // A page that no longer wants an answer aborts its request.
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`)
  })
  return { page, complaints }
}
