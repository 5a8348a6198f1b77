import t from 'tap'
import { NO_BROWSER, openPage, startBrowser } from '../helper/browser.ts'
import { startStack } from '../helper/gateway.ts'
import { open, signIn } from './operator.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

t.test('finding, creating and deleting users', { skip: NO_BROWSER }, async t => {
  const { gateway } = await startStack(t)
  const browser = await startBrowser(t)
  const count = async (user: string) => {
    const { rows } = await gateway.services.pool.query('SELECT 1 FROM documents WHERE user_id = $1', [user])
    return rows.length
  }
  for (const [user, leverage] of [
    ['alice', 5],
    ['albert', 20],
    ['bob', 30],
  ] as const) {
    await gateway.as(user, { method: 'PUT', url: SCALP, payload: { size: { leverage } } })
  }

  t.test('by the beginning of the id, and by what the settings say', async t => {
    const { page, complaints } = await openPage(t, browser)
    await signIn(page, gateway)
    await page.getByRole('link', { name: 'Users', exact: true }).click()
    await page.getByText('3 users.').waitFor()
    await page.getByLabel('User id begins with').fill('al')
    await page.keyboard.press('Enter')
    await page.getByText('2 users.').waitFor()
    t.match(page.url(), /\/ops\/\?page=users&q=al$/)
    await page.getByLabel('Value').fill('10')
    await page.getByRole('button', { name: 'Add condition' }).click()
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('1 user.').waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'albert' }).click()
    await page.getByRole('heading', { name: 'User albert' }).waitFor()
    t.match(page.url(), /\/ops\/\?user=albert$/)
    await page.goBack()
    await page.getByText('1 user.').waitFor()
    await page.getByRole('button', { name: 'Remove mode.scalp:size.leverage>10' }).click()
    await page.getByLabel('User id begins with').fill('')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('3 users.').waitFor()
    t.same(complaints, [])
  })

  t.test('page by page', async t => {
    for (let index = 0; index < 101; index++) {
      await gateway.as('bob', { method: 'POST', url: '/api/users', payload: { user_id: `many-${index}` } })
    }
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    await open(page, gateway, '?page=users&q=many-')
    await page.getByText('The first 100 users; there are more.').waitFor()
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByText('101 users.').waitFor()
    t.equal(await page.getByRole('link', { name: /^many-/ }).count(), 101)
  })

  t.test('looking creates nobody; creating and deleting ask first', async t => {
    const { page } = await openPage(t, browser)
    await signIn(page, gateway)
    for (const place of ['?user=carol', '?user=carol&tab=cache', '?page=users&q=carol']) {
      await open(page, gateway, place)
      await page.getByText(/There is no user carol|No user fits/).waitFor()
    }
    t.equal(await count('carol'), 0)
    await open(page, gateway, '?user=carol')
    await page.getByRole('button', { name: 'Create user carol' }).click()
    await page.getByRole('button', { name: 'Create the user' }).click()
    await page.getByText('All settings of carol are the defaults').waitFor()
    t.ok((await count('carol')) > 0)
    await page.getByRole('button', { name: 'Delete the user' }).click()
    const remove = page.getByRole('button', { name: 'Delete for good' })
    t.equal(await remove.isDisabled(), true)
    await page.getByLabel('Type the user id to confirm').fill('carol')
    await remove.click()
    await page.getByRole('heading', { name: 'Users' }).waitFor()
    const answer = await gateway.app.inject({
      url: '/api/admin/cache/carol',
      headers: {
        authorization: `Bearer ${await page.evaluate('sessionStorage.getItem("settings-gateway-token")')}`,
      },
    })
    t.equal(answer.statusCode, 404)
  })
})
