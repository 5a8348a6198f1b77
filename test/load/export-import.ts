import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import { createDatabase, type Scope, startRedis, temporaryDirectory } from '../helper/backends.ts'
import { type Instance, startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { runMeasured } from './measured-process.ts'
import { MemoryWatch } from './memory-watch.ts'
import { machineLoad, say, UNLIMITED } from './report.ts'
import { withScope } from './scope.ts'

/**
 * `npm run export-import -- --users 100000`: users made by an import, exported, imported into a second gateway, and a
 * second time, which must change nothing; what both gateways have is compared. Users per second, and memory over time:
 * it must not grow with the users.
 */

const { values } = commandLine({
  command: 'npm run export-import --',
  summary:
    'Users through `npm run export` and `npm run import` into a second gateway: users/s, and memory over time.',
  options: { users: { type: 'string', value: 'N', default: '100000', minimum: 1, help: 'How many users.' } },
})
const users = Number(values.users)
const COMMANDS = join(import.meta.dirname, '../../src/commands/transfer')

await withScope(async scope => {
  const cwd = temporaryDirectory(scope)
  const [from, to] = [await startGateway(scope), await startGateway(scope)]
  say(`${users} users; ${machineLoad()}`)
  let failures = 0
  const run = async (name: string, command: string, gateway: Instance, args: string[], counts = /^/) => {
    const watch = new MemoryWatch(gateway.pid)
    const script = join(COMMANDS, `${command}.ts`)
    const measured = await runMeasured([script, '--url', gateway.url, ...args], cwd, {
      GATEWAY_TOKEN: ADMIN.authorization.replace('Bearer ', ''),
    })
    watch.stop()
    const right = measured.code === 0 && counts.test(measured.output)
    if (!right) failures++
    say(
      `${name}${right ? '' : ` FAILED\n${measured.output}`}: ${measured.seconds.toFixed(1)} s, ` +
        `${(users / measured.seconds).toFixed(0)} users/s; command ${measured.memory}; gateway ${watch}; ${machineLoad()}`,
    )
  }
  await pipeline(Readable.from(lines(users)), createWriteStream(join(cwd, 'made.ndjson')))
  // A request without an answer is sent again: what it had stored is unchanged then.
  const created = / created, 0 updated, \d+ unchanged, 0 refused/
  await run('import of short lines', 'import', from, ['made.ndjson'], created)
  await run('export', 'export', from, ['--out', 'first.ndjson'])
  say(`  ${(statSync(join(cwd, 'first.ndjson')).size / 1_024 / 1_024).toFixed(0)} MiB`)
  await run('import into a second gateway', 'import', to, ['first.ndjson'], created)
  const unchanged = new RegExp(`^0 created, 0 updated, ${users} unchanged, 0 refused`)
  await run('the same again', 'import', to, ['first.ndjson'], unchanged)
  await run('export of the second', 'export', to, ['--out', 'second.ndjson'])
  const same = await equalLines(join(cwd, 'first.ndjson'), join(cwd, 'second.ndjson'))
  say(same === users ? `all ${users} users are equal` : `only the first ${same} users are equal`)
  if (failures > 0 || same !== users) process.exitCode = 1
})

async function startGateway(scope: Scope): Promise<Instance> {
  const [databaseUrl, redis] = await Promise.all([createDatabase(scope), startRedis(scope)])
  return startInstance(scope, { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, ...UNLIMITED })
}

/** Users who differ from the defaults and from one another. */
function* lines(count: number): Generator<string> {
  for (let index = 0; index < count; index++) {
    const documents = {
      'mode.scalp': { size: { leverage: 1 + (index % 20) } },
      circuit_breaker: { cooldown_minutes: 10 + (index % 60) },
    }
    yield `${JSON.stringify({ user_id: `u${String(index).padStart(7, '0')}`, documents })}\n`
  }
}

/** Lines that are equal from the beginning on; -1 when one file has more. Holds one line of each at a time. */
async function equalLines(first: string, second: string): Promise<number> {
  const read = (file: string) =>
    createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })[
      Symbol.asyncIterator
    ]()
  const [one, other] = [read(first), read(second)]
  for (let count = 0; ; count++) {
    const [a, b] = [await one.next(), await other.next()]
    if (a.done === true || b.done === true) return a.done === b.done ? count : -1
    if (a.value !== b.value) return count
  }
}
