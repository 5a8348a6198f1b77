import { join } from 'node:path'
import t from 'tap'
import { createDatabase, onServer, temporaryDirectory } from '../helper/backends.ts'
import { SHORT_LEASE, startGateway } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'

const COMMAND = join(import.meta.dirname, '../../src/commands/check-stored.ts')

t.test('stored documents that the schemas refuse are reported by document and field', async t => {
  const url = await createDatabase(t)
  const gateway = await startGateway(t, { ...SHORT_LEASE, DATABASE_URL: url })
  // More users than fit one batch.
  for (let user = 0; user < 20; user++) {
    await gateway.as(`u${user}`, { url: '/api/futures/ginie/decision-settings' })
  }
  await gateway.as('u1', {
    method: 'PUT',
    url: '/api/futures/ginie/modes/scalp',
    payload: { confidence: { min_confidence: 60 } },
  })
  const check = (databaseUrl = url) =>
    runNode([COMMAND], { cwd: temporaryDirectory(t), env: { DATABASE_URL: databaseUrl } })
  const clean = await check()
  t.strictSame(clean, { code: 0, output: '261 documents checked, 0 refused\n' })
  await onServer(url, async client => {
    const set = (kind: string, path: string, value: string, where: string) =>
      client.query(
        `UPDATE documents SET data = jsonb_set(data, $1, $2) WHERE kind = $3 AND user_id ~ '${where}'`,
        [path, value, kind],
      )
    await set('mode.scalp', '{confidence,min_confidence}', '1000', '^u1?[0-9]$')
    await set('mode.swing', '{enabled}', '"yes"', '^u3$')
    await set('llm_config', '{from_another_version}', '1', '^u3$')
    await client.query(`UPDATE documents SET data = '[]' WHERE kind = 'safety.ultra' AND user_id = 'u4'`)
  })
  const { code, output } = await check()
  t.equal(code, 1)
  t.strictSame(output.trim().split('\n'), [
    'mode.scalp confidence.min_confidence must be <= 100: 20 (u0, u1, u10, u11, u12, ...)',
    'mode.scalp confidence.min_confidence must be <= confidence.high_confidence (75): 20 (u0, u1, u10, u11, u12, ...)',
    'mode.swing enabled must be boolean: 1 (u3)',
    'safety.ultra must be object: 1 (u4)',
    '261 documents checked, 22 refused',
  ])
  const nowhere = Object.assign(new URL(url), { pathname: '/nowhere' }).href
  t.match(await check(nowhere), {
    code: 1,
    output: /^nothing was checked: PostgreSQL at \S+\/nowhere has no such/,
  })
  t.match(await check(''), {
    code: 1,
    output: /^nothing was checked: the configuration has 1 fault:\n- DATABASE_URL/,
  })
})
