import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

interface Found {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What axe-core finds wrong with a page as it is now, one line for each element: WCAG 2.2 A, AA, best practices. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // By the debugging protocol: the page's Content-Security-Policy lets no script of ours in.
  await page.evaluate(AXE)
  const found: readonly Found[] = await page.evaluate('axe.run().then(({ violations }) => violations)')
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
  )
}
