import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import {
  type Scope,
  startPostgres,
  startRedis,
  type TestPostgres,
  type TestRedis,
  temporaryDirectory,
} from '../helper/backends.ts'
import { type Instance, startInstance } from '../helper/instance.ts'
import { ADMIN } from '../helper/tokens.ts'
import { Beside } from './beside.ts'
import { runMeasured } from './measured-process.ts'
import { serverCpuSeconds } from './memory.ts'
import { MemoryWatch } from './memory-watch.ts'
import { machineLoad, say, UNLIMITED } from './report.ts'
import { withScope } from './scope.ts'

/**
 * `npm run export-import -- --users 100000`: users made by an import, exported, imported into a second gateway, and a
 * second time, which must change nothing; what both gateways have is compared byte by byte. Users per second, processor time
 * of each process, memory over time, which must not grow with the users, and how long other requests take meanwhile.
 */

const { values } = commandLine({
  command: 'npm run export-import --',
  summary:
    'Users through `npm run export` and `npm run import` into a second gateway: users/s, and memory over time.',
  options: { users: { type: 'string', value: 'N', default: '100000', minimum: 1, help: 'How many users.' } },
})
const users = Number(values.users)
const LINE_FEED = 0x0a
/** Of the files that are compared. */
const PIECE_BYTES = 1_048_576
const COMMANDS = join(import.meta.dirname, '../../src/commands/transfer')

await withScope(async scope => {
  const cwd = temporaryDirectory(scope)
  const [from, to] = [await startGateway(scope), await startGateway(scope)]
  say(`${users} users; ${machineLoad()}`)
  let failures = 0
  const run = async (name: string, command: string, stack: Stack, args: string[], counts = /^/) => {
    const { gateway, servers } = stack
    const watch = new MemoryWatch(gateway.pid)
    const before = servers.map(serverCpuSeconds)
    const script = join(COMMANDS, `${command}.ts`)
    const measured = await runMeasured([script, '--url', gateway.url, ...args], cwd, {
      GATEWAY_TOKEN: ADMIN.authorization.replace('Bearer ', ''),
    })
    watch.stop()
    const [postgres, redis] = servers.map((server, i) => serverCpuSeconds(server) - before[i]!)
    const right = measured.code === 0 && counts.test(measured.output)
    if (!right) failures++
    const per1000 = (seconds: number) => ((seconds / users) * 1_000).toFixed(2)
    say(
      `${name}${right ? '' : ` FAILED\n${measured.output}`}: ${measured.seconds.toFixed(1)} s, ` +
        `${(users / measured.seconds).toFixed(0)} users/s; command ${measured.memory}; gateway ${watch}; ${machineLoad()}`,
    )
    say(
      `  s of CPU per 1,000 users: gateway ${per1000(watch.cpuSeconds)}, PostgreSQL ${per1000(postgres!)}, ` +
        `Redis ${per1000(redis!)}, command ${per1000(measured.memory.cpuSeconds)}`,
    )
  }
  await pipeline(Readable.from(lines(users)), createWriteStream(join(cwd, 'made.ndjson')))
  // A request without an answer is sent again: what it had stored is unchanged then.
  const created = / created, 0 updated, \d+ unchanged, 0 refused/
  const beside = new Beside(from.gateway.url)
  await run('import of short lines', 'import', from, ['made.ndjson'], created)
  say(`  ${await beside.end()}`)
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

interface Stack {
  readonly gateway: Instance
  /** PostgreSQL, which writes each COMMIT to the disk, and Redis. */
  readonly servers: readonly [TestPostgres, TestRedis]
}

async function startGateway(scope: Scope): Promise<Stack> {
  const servers = await Promise.all([startPostgres(scope), startRedis(scope)])
  const [postgres, redis] = servers
  const gateway = await startInstance(scope, {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    ...UNLIMITED,
  })
  return { gateway, servers }
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

/** Lines that are equal from the beginning on; -1 when one file has more. Compares every byte, a piece at a time. */
async function equalLines(first: string, second: string): Promise<number> {
  const read = (file: string) =>
    createReadStream(file, { highWaterMark: PIECE_BYTES })[Symbol.asyncIterator]()
  const others = read(second)
  let other: Buffer = Buffer.alloc(0)
  let count = 0
  for await (let piece of read(first) as AsyncIterable<Buffer>) {
    while (piece.length > 0) {
      if (other.length === 0) other = (await others.next()).value ?? Buffer.alloc(0)
      const length = Math.min(piece.length, other.length)
      if (length === 0) return -1
      const [a, b] = [piece.subarray(0, length), other.subarray(0, length)]
      if (!a.equals(b)) return count + lineFeedsIn(a.subarray(0, firstDifference(a, b)))
      count += lineFeedsIn(a)
      piece = piece.subarray(length)
      other = other.subarray(length)
    }
  }
  return other.length === 0 && (await others.next()).done === true ? count : -1
}

function lineFeedsIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++
  return count
}

function firstDifference(a: Buffer, b: Buffer): number {
  return a.findIndex((byte, at) => byte !== b[at])
}
