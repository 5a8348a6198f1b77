import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { botFile } from '../documents/bot-files.ts'
import { temporaryDirectory } from '../helper/backends.ts'
import { startStack } from '../helper/gateway.ts'
import { ADMIN } from '../helper/tokens.ts'

t.test("the bot's names in a PUT, and what its file has for nothing", async t => {
  const file = join(temporaryDirectory(t), 'defaults.json')
  writeFileSync(file, JSON.stringify(botFile()))
  const { gateway } = await startStack(t, { DEFAULT_SETTINGS_FILE: file })
  const put = (url: string, payload: object) => gateway.as('1', { method: 'PUT', url, payload })
  const allocation = '/api/futures/ginie/capital-allocation'

  const renamed = await put(allocation, { ultra_fast_percent: 20, max_ultra_fast_positions: 8 })
  t.equal(renamed.statusCode, 200, renamed.body)
  t.match(renamed.json(), { data: { ultra_percent: 20, max_ultra_positions: 8 } })
  const both = await put(allocation, { ultra_fast_percent: 20, ultra_percent: 21 })
  t.equal(both.statusCode, 400)
  t.match(both.json(), { errors: [{ path: 'ultra_fast_percent', message: /ultra_percent/ }] })
  const mode = await put('/api/user/settings/trading', { current_mode: 'ultra_fast' })
  t.match(mode.json(), { data: { current_mode: 'ultra' } })

  writeFileSync(file, JSON.stringify(botFile(content => Object.assign(content, { beta: { enabled: true } }))))
  const sync = await gateway.app.inject({
    method: 'POST',
    url: '/api/admin/sync-defaults',
    headers: ADMIN,
    payload: { source: 'file' },
  })
  t.match(sync.json(), { changed: true, unused: ['beta'] })
})
