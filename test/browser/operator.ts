import type { Page } from 'playwright-core'
import type { TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

export const ADMIN_TOKEN = ADMIN.authorization.slice('Bearer '.length)

/** Opens the operator page as an admin, by the keyboard. Resolves when health is shown. */
export async function signIn(page: Page, { url }: Pick<TestGateway, 'url'>): Promise<void> {
  await page.goto(`${url}/ops/`)
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
  await page.keyboard.press('Enter')
  await page.getByText('Circuit breaker').first().waitFor()
}

/** Shows the settings of a user. */
export async function showUser(page: Page, user: string): Promise<void> {
  await page.getByLabel('User id').fill(user)
  await page.keyboard.press('Enter')
  await page.getByRole('table', { name: 'Keys in Redis' }).waitFor()
}
