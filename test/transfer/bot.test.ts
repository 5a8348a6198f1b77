import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { onRedis } from '../chaos/stack.ts'
import { fakeServer } from '../client/fake-server.ts'
import { createEmptyDatabase, onServer, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { startStack } from '../helper/gateway.ts'
import { runNode } from '../helper/node-process.ts'
import { ADMIN } from '../helper/tokens.ts'
import { type ExpectedUser, fillBotDatabase } from './bot-database.ts'

const USERS = 30
const SCRIPT = join(import.meta.dirname, '../../src/commands/bot/import-bot.ts')
const TOKEN = ADMIN.authorization.replace('Bearer ', '')

for (const tradingConfigs of [true, false]) {
  t.test(
    `the bot's users move in, ${tradingConfigs ? 'every table there' : 'one table missing'}`,
    async t => {
      const [botUrl, botRedis, { gateway }] = await Promise.all([
        createEmptyDatabase(t),
        startRedis(t),
        startStack(t),
      ])
      const expected = await fillBotDatabase(botUrl, { users: USERS, tradingConfigs })
      const day = new Date().toISOString().slice(0, 10).replaceAll('-', '')
      const drawer = expected.find(({ fits }) => fits)!
      await onRedis(botRedis.url, client => client.set(`user:${drawer.id}:sequence:${day}`, '41'))
      const report = join(temporaryDirectory(t), 'report.ndjson')
      const run = (...more: string[]) =>
        runNode(
          [
            SCRIPT,
            '--url',
            gateway.url,
            '--bot-database',
            botUrl,
            '--bot-redis',
            botRedis.url,
            '--report',
            report,
            ...more,
          ],
          { cwd: temporaryDirectory(t), env: { GATEWAY_TOKEN: TOKEN } },
        )
      const fitting = expected.filter(({ fits }) => fits)
      const refused = USERS - fitting.length

      const dry = await run('--dry-run')
      t.equal(dry.code, 1, dry.output)
      t.match(dry.output, `would be: ${fitting.length} created, 0 updated, 0 unchanged, ${refused} refused`)
      t.strictSame(await usersOf(), [], 'a dry run writes nothing')

      const first = await run()
      t.equal(first.code, 1, 'some users were refused')
      t.match(first.output, `${fitting.length} created, 0 updated, 0 unchanged, ${refused} refused`)
      t.match(first.output, /out of bounds: user_global_circuit_breaker\.max_loss_per_hour/)
      const lines = readFileSync(report, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
      t.equal(lines.filter(({ status }) => status === 'refused').length, refused)
      t.strictSame(
        await usersOf(),
        fitting.map(({ id }) => id),
      )
      for (const user of fitting) await compare(user)
      const drawn = await gateway.as(drawer.id, { method: 'POST', url: '/api/user/sequence' })
      t.match(drawn.json(), { date: /^\d{8}$/ })

      const second = await run()
      t.match(second.output, `0 created, 0 updated, ${fitting.length} unchanged, ${refused} refused`)
      const lenient = await run('--out-of-bounds', 'default')
      t.equal(lenient.code, 0, lenient.output)
      t.match(lenient.output, `${refused} created, 0 updated, ${fitting.length} unchanged, 0 refused`)
      for (const user of expected) await compare(user)

      async function usersOf(): Promise<string[]> {
        const reply = await gateway.app.inject({ url: '/api/admin/users?limit=1000', headers: ADMIN })
        return reply.json<{ users: { user_id: string }[] }>().users.map(({ user_id }) => user_id)
      }

      async function compare({ id, documents }: ExpectedUser): Promise<void> {
        const reply = await gateway.app.inject({ url: `/api/admin/export?user_id=${id}`, headers: ADMIN })
        t.match(JSON.parse(reply.body).documents, documents, id)
      }
    },
  )
}

t.test("the bot's database goes away in the middle", async t => {
  const botUrl = await createEmptyDatabase(t)
  await fillBotDatabase(botUrl, { users: 510, tradingConfigs: true })
  // The first 500 users are read at once, in the order of the index; the next one ends the connection.
  await onServer(botUrl, async client => {
    await client.query(`
      ALTER TABLE users RENAME TO all_users;
      CREATE VIEW users AS SELECT * FROM all_users
      WHERE CASE WHEN id = (SELECT id FROM all_users ORDER BY id OFFSET 500 LIMIT 1) AND current_query() LIKE 'FETCH%'
                 THEN pg_terminate_backend(pg_backend_pid()) ELSE true END`)
    const { rows } = await client.query('SELECT current_database() AS name')
    await client.query(`ALTER DATABASE ${rows[0].name} SET enable_seqscan = off`)
    await client.query(`ALTER DATABASE ${rows[0].name} SET enable_sort = off`)
  })
  const { url } = await fakeServer(t, async (request, reply) => {
    const body = await text(request)
    reply.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (let line = 1; line < body.split('\n').length; line++)
      reply.write(`{"line":${line},"user_id":"u","status":"created","changes":0}\n`)
    reply.end('{"done":true}\n')
  })
  const { code, output } = await runNode([SCRIPT, '--url', url, '--bot-database', botUrl], {
    cwd: temporaryDirectory(t),
    env: { GATEWAY_TOKEN: TOKEN },
  })
  t.equal(code, 1, output)
  t.match(output, '500 created, 0 updated, 0 unchanged, 0 refused')
  t.match(output, /^the bot's database cannot be read: .+$/m)
  t.notMatch(output, /^ +at /m, 'no stack trace')
})
