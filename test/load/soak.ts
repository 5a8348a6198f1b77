import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../src/commands/command-line.ts'
import { createDatabase, startRedis } from '../helper/backends.ts'
import { startInstance } from '../helper/instance.ts'
import { heapMb, residentMb } from './memory.ts'
import { OpenLoop } from './open-loop.ts'
import { withScope } from './scope.ts'

/**
 * `npm run soak -- --rate 500 --seconds 1800`: a steady load on one instance; prints its memory over time. Exit code 1
 * when a request failed, or when the memory of the last third grew by more than a tenth over that of the second.
 */

const { values } = commandLine({
  command: 'npm run soak --',
  summary:
    'A steady load on one instance and its memory over time; ends with 1 when a request failed or memory grew.',
  options: {
    rate: { type: 'string', value: 'N', default: '500', minimum: 1, help: 'Requests per second.' },
    seconds: { type: 'string', value: 'N', default: '1800', minimum: 1, help: 'How long.' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const SAMPLES = 30

await withScope(async scope => {
  const [databaseUrl, redis] = await Promise.all([createDatabase(scope), startRedis(scope)])
  const { url, pid } = await startInstance(scope, {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    RATE_LIMIT_MAX: '0',
    RATE_LIMIT_WRITE_MAX: '0',
  })
  const load = new OpenLoop({ url, rate, writes: 0.1, users: 500 })
  await load.prepare()
  const stop = new AbortController()
  const running = load.run(stop.signal)
  const resident: number[] = []
  say('seconds  requests  failed  rss MB  heap MB   p50 ms   p99 ms')
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await sleep((seconds / SAMPLES) * 1_000)
    const { sent, failed, p50, p99 } = load.report()
    resident.push(residentMb(pid))
    const row = [sample * (seconds / SAMPLES), sent, failed, resident.at(-1)!, await heapMb(url)]
    say(
      [...row.map(cell => Math.round(cell)), p50.toFixed(1), p99.toFixed(1)]
        .map(cell => String(cell).padStart(8))
        .join(' '),
    )
  }
  stop.abort()
  await running
  const { sent, failed, failures } = load.report()
  for (const [failure, count] of failures) say(`${count} x ${failure}`)
  const third = SAMPLES / 3
  const [middle, last] = [median(resident.slice(third, 2 * third)), median(resident.slice(2 * third))]
  say(
    `${sent} requests, ${failed} failed; median rss of the second third ${middle.toFixed(0)} MB, of the last ${last.toFixed(0)} MB`,
  )
  if (failed > 0 || last > middle * 1.1) process.exitCode = 1
})

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
