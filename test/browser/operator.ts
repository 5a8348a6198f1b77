import type { Page } from 'playwright-core'
import type { TestGateway } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

export const ADMIN_TOKEN = ADMIN.authorization.slice('Bearer '.length)

type Address = Pick<TestGateway, 'url'>

/** Opens the workbench as an admin, by the keyboard. Resolves when health is shown. */
export async function signIn(page: Page, { url }: Address): Promise<void> {
  await page.goto(`${url}/ops/`)
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN)
  await page.keyboard.press('Enter')
  await page.getByText('Guard against a slow Redis').waitFor()
}

/** Opens a place of the workbench by its address, in a tab that has signed in: `?user=42`. */
export async function open(page: Page, { url }: Address, place: string): Promise<void> {
  await page.goto(`${url}/ops/${place}`)
}

/** Shows how the settings of a user differ from the defaults. */
export async function showUser(page: Page, gateway: Address, user: string): Promise<void> {
  await open(page, gateway, `?user=${user}`)
  await page
    .getByText(/the defaults/)
    .nth(1)
    .waitFor()
}
