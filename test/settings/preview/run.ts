import { commandLine } from '../../../src/commands/command-line.ts'
import { startStack } from '../../helper/gateway.ts'
import { previewEqualsApply } from './property.ts'

/** `npm run preview -- --runs 1000`: the property of preview.test.ts for any number of documents. */

const { values } = commandLine({
  command: 'npm run preview --',
  summary: 'Random documents: a preview is what applying then does.',
  options: {
    runs: { type: 'string', value: 'N', default: '1000', minimum: 1, help: 'Documents.' },
    seed: {
      type: 'string',
      value: 'N',
      minimum: 0,
      help: 'Draws the documents; another each time if not given.',
    },
  },
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
