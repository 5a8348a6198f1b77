import { parseArgs } from 'node:util'
import { startStack } from '../../helper/gateway.ts'
import { fuzz } from './check.ts'

/** `npm run fuzz -- --runs 100000 --seed 1`: the test of fuzz.test.ts with any number of requests. */

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})
const teardowns: (() => unknown)[] = []
const startedAt = performance.now()
try {
  const { gateway } = await startStack({ teardown: work => teardowns.unshift(work) })
  const { statuses, documents } = await fuzz(
    gateway,
    Number(values.runs),
    values.seed === undefined ? undefined : Number(values.seed),
  )
  const byStatus = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  process.stdout.write(
    `${values.runs} requests in ${seconds} s, none failed. ${byStatus.join(', ')}. ${documents} documents stored, all valid\n`,
  )
} finally {
  for (const work of teardowns) await work()
}
