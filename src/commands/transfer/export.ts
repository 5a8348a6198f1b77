import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { commandLine } from '../command-line.ts'
import { GATEWAY_OPTIONS } from './gateway.ts'
import { showProgress } from './progress.ts'
import { withGateway } from './run.ts'

/** `npm run export`: every user of a running gateway as NDJSON, as fast as the file or the pipe takes it. */

const LINE_FEED = 0x0a

const { values } = commandLine({
  command: 'npm run export --',
  summary: 'Writes every user of a running gateway as one JSON line, to a file or the standard output.',
  options: {
    ...GATEWAY_OPTIONS,
    out: { type: 'string', value: 'FILE', help: 'Where to; the standard output if not given.' },
    user: { type: 'string', value: 'ID', help: 'This user alone.' },
  },
})

await withGateway(values, async gateway => {
  let users = 1
  if (values.user === undefined) {
    users = 0
    for await (const count of gateway.userPages()) users += count
  }
  const progress = showProgress('users', users)
  const lines = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      let count = 0
      for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count++
      progress.add(count)
      yield chunk
    }
  }
  try {
    const source = await gateway.export(values.user)
    if (values.out === undefined) await pipeline(source, lines, process.stdout, { end: false })
    else {
      // Under its name only when it is whole.
      const part = `${values.out}.part`
      await pipeline(source, lines, createWriteStream(part))
      await rename(part, values.out)
    }
    return true
  } catch (error) {
    process.stderr.write(`the export broke off: ${(error as Error).message}\n`)
    return false
  } finally {
    progress.stop()
  }
})
