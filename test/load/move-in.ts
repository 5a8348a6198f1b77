import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { commandLine } from '../../src/commands/command-line.ts'
import { isJsonObject } from '../../src/documents/json.ts'
import { createDatabase, createEmptyDatabase, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { type ExpectedUser, fillBotDatabase } from '../transfer/bot-database.ts'
import { runMeasured } from './measured-process.ts'
import { MemoryWatch } from './memory-watch.ts'
import { machineLoad, say, UNLIMITED } from './report.ts'
import { withScope } from './scope.ts'

/**
 * `npm run move-in -- --users 1000`: the bot's tables with users of mixed quality, and `npm run import:bot` on them: a dry
 * run, the import, every value compared, and once more, which must change nothing. Time and memory of both sides.
 */

const { values } = commandLine({
  command: 'npm run move-in --',
  summary:
    "The bot's users of mixed quality through `npm run import:bot`: every value compared, time, memory.",
  options: { users: { type: 'string', value: 'N', default: '1000', minimum: 1, help: 'Users of the bot.' } },
})
const users = Number(values.users)
const SCRIPT = join(import.meta.dirname, '../../src/commands/bot/import-bot.ts')
/** The first user that differs says enough. */
const SHOWN = 5

await withScope(async scope => {
  const [databaseUrl, botUrl, redis] = await Promise.all([
    createDatabase(scope),
    createEmptyDatabase(scope),
    startRedis(scope),
  ])
  const { url, pid } = await startInstance(scope, {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    ...UNLIMITED,
  })
  const expected = await fillBotDatabase(botUrl, { users, tradingConfigs: true })
  const fitting = expected.filter(({ fits }) => fits)
  const refused = users - fitting.length
  say(`${users} users of the bot, ${refused} of them out of bounds; ${machineLoad()}`)
  const cwd = temporaryDirectory(scope)
  let failures = 0
  const run = async (name: string, args: readonly string[], counts: string) => {
    const gateway = new MemoryWatch(pid)
    const measured = await runMeasured([SCRIPT, '--url', url, '--bot-database', botUrl, ...args], cwd, {
      GATEWAY_TOKEN: ADMIN.authorization.replace('Bearer ', ''),
    })
    gateway.stop()
    const right = measured.output.includes(counts)
    if (!right) failures++
    say(
      `${name}: ${right ? counts : `NOT ${counts}\n${measured.output}`}; ${measured.seconds.toFixed(1)} s, ` +
        `${(users / measured.seconds).toFixed(0)} users/s; command ${measured.memory}; gateway ${gateway}`,
    )
  }
  const compare = async (those: readonly ExpectedUser[]) => {
    const { compared, different } = await compareAll(url, those)
    failures += different.length
    say(`${compared} values of ${those.length} users compared, ${different.length} users differ`)
    for (const line of different.slice(0, SHOWN)) say(`  ${line}`)
  }
  await run(
    'dry run',
    ['--dry-run'],
    `would be: ${fitting.length} created, 0 updated, 0 unchanged, ${refused} refused`,
  )
  await compare([])
  await run('import', [], `${fitting.length} created, 0 updated, 0 unchanged, ${refused} refused`)
  await compare(fitting)
  await run('again', [], `0 created, 0 updated, ${fitting.length} unchanged, ${refused} refused`)
  await run(
    'with the defaults for what is out of bounds',
    ['--out-of-bounds', 'default'],
    `${refused} created, 0 updated, ${fitting.length} unchanged, 0 refused`,
  )
  await compare(expected)
  if (failures > 0) process.exitCode = 1
})

/** Compares the export with what is expected of each user; a user too many or too few differs. */
async function compareAll(
  url: string,
  expected: readonly ExpectedUser[],
): Promise<{ compared: number; different: string[] }> {
  const reply = await fetch(`${url}/api/admin/export`, { headers: ADMIN })
  const lines = (await reply.text()).split('\n').filter(line => line !== '')
  const stored = new Map<string, unknown>(
    lines.map(line => {
      const { user_id: id, documents } = JSON.parse(line)
      return [id, documents]
    }),
  )
  const different = [...stored.keys()]
    .filter(id => !expected.some(user => user.id === id))
    .map(id => `${id} should not be there`)
  let compared = 0
  for (const { id, documents } of expected) {
    const [count, path] = compareValues(documents, stored.get(id))
    compared += count
    if (path !== undefined) different.push(`${id}: ${path}`)
  }
  return { compared, different }
}

/** How many values of `expected` there are, and the path of the first that `actual` does not have. */
function compareValues(expected: unknown, actual: unknown, path = ''): [count: number, path?: string] {
  if (!isJsonObject(expected)) return isDeepStrictEqual(expected, actual) ? [1] : [1, path]
  if (!isJsonObject(actual)) return [1, path]
  let count = 0
  for (const [name, value] of Object.entries(expected)) {
    const [inner, wrong] = compareValues(value, actual[name], `${path}/${name}`)
    count += inner
    if (wrong !== undefined) return [count, wrong]
  }
  return [count]
}
