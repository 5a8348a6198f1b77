import { commandLine } from '../../../src/commands/command-line.ts'
import { startStack } from '../../helper/gateway.ts'
import { fuzz } from './check.ts'

/** `npm run fuzz -- --runs 100000 --seed 1`: the test of fuzz.test.ts with any number of requests. */

const { values } = commandLine({
  command: 'npm run fuzz --',
  summary: 'Random requests: no 500, and no stored document that breaks its schema.',
  options: {
    runs: { type: 'string', value: 'N', default: '100000', minimum: 1, help: 'Requests.' },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Draws the requests; another each time if not given.',
    },
  },
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
