import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { SERVICE_TOKEN, startStack } from '../helper/gateway.ts'
import { bearer } from '../helper/tokens.ts'
import { showUser, signIn } from './operator.ts'

t.test('the workbench', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)

  t.test('lets admins in, and nobody else', async t => {
    const { page, complaints } = await openPage(t, browser)
    const answer = await page.goto(`${gateway.url}/ops`)
    t.equal(page.url(), `${gateway.url}/ops/`)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    t.match(policy, "script-src 'self';")
    t.match(policy, "style-src 'self'")
    t.notMatch(policy, 'unsafe')
    t.same(complaints, [], 'nothing of the page is refused by its own policy')
    for (const token of [SERVICE_TOKEN, bearer('42').authorization.slice(7)]) {
      await page.getByLabel('Admin token').fill(token)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').getByText('lacks the admin role').waitFor()
    }
    await page.getByLabel('Admin token').fill('garbage')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('not valid').waitFor()
    t.notOk(await page.getByText('Guard against a slow Redis').isVisible())
    await signIn(page, gateway)
    t.notOk(await page.getByRole('alert').isVisible())
    t.equal(await page.getByLabel('Admin token').count(), 0, 'the form is gone, and the token with it')
    await page.reload()
    await page.getByText('Guard against a slow Redis').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Admin token').waitFor()
    t.equal(await page.evaluate('sessionStorage.length'), 0)
    t.equal(await page.evaluate('document.cookie + localStorage.length'), '0')
  })

  t.test('what users put into their settings is shown as text', async t => {
    const put = (payload: object) => gateway.as('42', { method: 'PUT', url: '/api/user/settings', payload })
    const evil = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
    await put({ preferences: { [evil]: evil, theme: 'javascript:window.hacked=1' } })
    await put({ notifications: { telegram_chat_id: evil.slice(0, 64) } })
    const { page, complaints } = await openPage(t, browser)
    await signIn(page, gateway)
    await showUser(page, gateway, '42')
    t.match(await page.locator('#comparison').innerText(), '<img src=x onerror=')
    const reset = page.getByRole('button', { name: 'Reset settings preferences' })
    await reset.click()
    t.match(await page.getByRole('dialog').innerText(), '<script>window.hacked=1</script>')
    t.equal(await page.locator('main img, main script, dialog img, dialog script').count(), 0)
    t.equal(await page.evaluate('window.hacked'), undefined)
    t.same(complaints, [], 'the policy had nothing to stop')
  })
})
