import t from 'tap'
import { startStack } from '../../helper/gateway.ts'
import { fuzz } from './check.ts'

t.test(
  'random and mutated requests: no 500, no process that dies, no stored document that is not valid',
  async t => {
    const { gateway } = await startStack(t)
    const { statuses, documents } = await fuzz(gateway, 2_000)
    t.ok(documents > 13, `${documents} documents`)
    for (const status of [200, 400, 404, 405, 412, 415])
      t.ok(statuses.get(status), `${status}: ${statuses.get(status)}`)
    t.equal((await gateway.as('42', { url: '/api/user/settings' })).statusCode, 200, 'it serves on')
  },
)
