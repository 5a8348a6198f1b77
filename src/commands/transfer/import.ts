import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { linesOf } from '../../transfer/lines.ts'
import { readable } from '../command-error.ts'
import { commandLine, endWithUsage } from '../command-line.ts'
import { sendLines } from './batches.ts'
import { DRY_RUN, GATEWAY_OPTIONS } from './gateway.ts'
import { showProgress } from './progress.ts'
import { Report } from './report.ts'
import { withGateway } from './run.ts'

/** `npm run import -- FILE`: users of an export into a running gateway. Ends with 1 when a user was refused. */

/** Longer lines would be refused by any gateway (BODY_LIMIT_BYTES at most). */
const MAX_LINE_BYTES = 256 * 1024 * 1024
const MODES = ['merge', 'replace']

const { values, positionals } = commandLine({
  command: 'npm run import --',
  summary: 'Imports the users of an export (NDJSON) into a running gateway; a second time changes nothing.',
  positionals: 'FILE',
  options: {
    ...GATEWAY_OPTIONS,
    mode: {
      type: 'string',
      value: 'MODE',
      default: 'merge',
      help: '`merge` into what users have, or `replace` their documents.',
    },
    'dry-run': DRY_RUN,
    report: {
      type: 'string',
      value: 'FILE',
      help: 'Where every user that was refused is written, as JSON lines.',
    },
  },
})
const [file, ...more] = positionals
if (file === undefined || more.length > 0) endWithUsage('one FILE is needed; see `npm run import -- --help`')
if (!MODES.includes(values.mode)) endWithUsage(`--mode must be ${MODES.join(' or ')}`)
const size = await stat(file).catch(error => endWithUsage(`${file} cannot be read: ${error.code}`))

await withGateway(values, async gateway => {
  const report = await Report.open(values.report)
  const progress = showProgress('KiB', Math.ceil(size.size / 1024))
  const dryRun = values['dry-run']
  const source = readable(file, createReadStream(file))
  const lines = async function* () {
    for await (const { number, bytes } of linesOf(source, MAX_LINE_BYTES)) {
      // As bytes: the gateway says where a line is not UTF-8.
      yield {
        line: bytes ?? `"${MAX_LINE_BYTES} bytes and more"`,
        about: { where: `${file}:${number}`, bytes: bytes?.length ?? 0 },
      }
    }
  }
  try {
    for await (const { about, outcome } of sendLines(
      gateway,
      lines(),
      `?mode=${values.mode}&dry_run=${dryRun}`,
    )) {
      report.add(about, outcome)
      progress.add(about.bytes / 1024)
    }
  } finally {
    progress.stop()
    process.stdout.write(await report.end(dryRun))
  }
  return report.isClean
})
