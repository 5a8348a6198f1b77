import { parseArgs } from 'node:util'
import { startStack } from '../../helper/gateway.ts'
import { previewEqualsApply } from './property.ts'

/** `npm run preview -- --runs 1000`: the property of preview.test.ts for any number of documents. */

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, seed: { type: 'string' } },
})
const teardowns: (() => unknown)[] = []
try {
  const { gateway } = await startStack({ teardown: work => teardowns.unshift(work) })
  const seed = values.seed === undefined ? undefined : Number(values.seed)
  const changes = await previewEqualsApply(gateway, Number(values.runs), seed)
  process.stdout.write(`${values.runs} documents, ${changes} changes: each preview was what apply then did\n`)
} finally {
  for (const work of teardowns) await work()
}
