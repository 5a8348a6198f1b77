import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../helper/backends.ts'
import { startStack } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'
import { ADMIN, bearer } from '../helper/tokens.ts'

const COMMANDS = join(import.meta.dirname, '../../src/commands/transfer')

t.test('npm run export and npm run import', async t => {
  const [{ gateway: from }, { gateway: to }] = await Promise.all([startStack(t), startStack(t)])
  for (const user of ['1', '2', '3']) await from.as(user, { url: '/api/user/settings' })
  await from.as('2', {
    method: 'PUT',
    url: '/api/user/settings/trading',
    payload: { max_usd_allocation: 777 },
  })
  const cwd = temporaryDirectory(t)
  const file = join(cwd, 'users.ndjson')
  const run = (command: string, args: readonly string[], authorization = ADMIN.authorization) =>
    runNode([join(COMMANDS, `${command}.ts`), ...args], {
      cwd,
      env: { GATEWAY_TOKEN: authorization.replace('Bearer ', '') },
    })

  const out = await run('export', ['--url', from.url, '--out', file])
  t.equal(out.code, 0, out.output)
  t.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 3)
  t.notOk(existsSync(`${file}.part`))
  const one = await run('export', ['--url', from.url, '--user', '2'])
  t.match(one.output, /^\{"user_id":"2",.*777.*\}\n$/s)

  const report = join(cwd, 'report.ndjson')
  const first = await run('import', ['--url', to.url, '--report', report, file])
  t.equal(first.code, 0, first.output)
  t.match(first.output, '3 created, 0 updated, 0 unchanged, 0 refused')
  const again = await run('import', ['--url', to.url, file])
  t.match(again.output, '0 created, 0 updated, 3 unchanged, 0 refused')
  writeFileSync(
    file,
    Buffer.concat([
      readFileSync(file),
      Buffer.from('{"user_id":"4","documents":{"x":{}}}\n\xff\n', 'latin1'),
    ]),
  )
  const partly = await run('import', ['--url', to.url, '--report', report, file])
  t.equal(partly.code, 1)
  t.match(partly.output, '3 unchanged, 2 refused')
  t.match(partly.output, /documents\.x: unknown document x/)
  const refused = readFileSync(report, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(refused, [
    { user_id: '4', status: 'refused' },
    { user_id: null, errors: [{ message: /UTF-8/ }] },
  ])

  const forbidden = await run('export', ['--url', from.url], bearer('1').authorization)
  t.equal(forbidden.code, 1)
  t.match(forbidden.output, /^the gateway answered 403: the admin role or a service token is required\n$/)
  const away = await run('export', ['--url', 'http://127.0.0.1:1'])
  t.equal(away.code, 1)
  t.match(away.output, /^http:\/\/127\.0\.0\.1:1 does not answer: ECONNREFUSED\n$/)
  const unnamed = await run('import', ['--url', to.url])
  t.equal(unnamed.code, 2)
})

t.test('files that cannot be read or written', async t => {
  const { gateway } = await startStack(t)
  const cwd = temporaryDirectory(t)
  const file = join(cwd, 'users.ndjson')
  writeFileSync(file, '{"user_id":"4","documents":{"x":{}}}\n')
  const run = (...args: string[]) =>
    runNode([join(COMMANDS, 'import.ts'), '--url', gateway.url, ...args], {
      cwd,
      env: { GATEWAY_TOKEN: ADMIN.authorization.replace('Bearer ', '') },
    })
  const nowhere = await run('--report', join(cwd, 'no', 'report'), file)
  t.equal(nowhere.code, 2)
  t.match(nowhere.output, /^.+report cannot be written: ENOENT\n$/)
  const directory = await run(cwd)
  t.equal(directory.code, 1)
  t.match(directory.output, /^.+ cannot be read: EISDIR.*$/m)
  t.notMatch(directory.output, /^ +at /m, 'no stack trace')
  if (!existsSync('/dev/full')) return
  const full = await run('--report', '/dev/full', file)
  t.equal(full.code, 1)
  t.match(full.output, /1 refused.*^the report is not whole: ENOSPC/ms)
})
