import { cannotRead, readable } from '../command-error.ts'
import { commandLine, endWithUsage } from '../command-line.ts'
import { sendLines } from '../transfer/batches.ts'
import { DRY_RUN, GATEWAY_OPTIONS } from '../transfer/gateway.ts'
import { showProgress } from '../transfer/progress.ts'
import { Report } from '../transfer/report.ts'
import { withGateway } from '../transfer/run.ts'
import { BotCounters } from './counters.ts'
import { BotDatabase } from './tables.ts'
import { convertUser } from './user.ts'

/**
 * `npm run import:bot -- --bot-database URL`: the bot's users into a running gateway. It only reads the bot's tables. Ends
 * with 1 when a user was refused.
 */

const { values } = commandLine({
  command: 'npm run import:bot --',
  summary: "Imports the users of the bot's database into a running gateway; a second time changes nothing.",
  options: {
    ...GATEWAY_OPTIONS,
    'bot-database': { type: 'string', value: 'URL', help: "The bot's PostgreSQL; it is only read." },
    'bot-redis': {
      type: 'string',
      value: 'URL',
      help: "The bot's Redis, so that order numbers go on where it stopped.",
    },
    'dry-run': DRY_RUN,
    'out-of-bounds': {
      type: 'string',
      value: 'WHAT',
      default: 'refuse',
      help: 'A field out of bounds has its user refused (`refuse`), or is left to the defaults (`default`).',
    },
    report: {
      type: 'string',
      value: 'FILE',
      help: 'Where every field that was renamed, dropped or out of bounds is written.',
    },
  },
})
const { 'bot-database': url, 'bot-redis': redisUrl, 'out-of-bounds': outOfBounds, 'dry-run': dryRun } = values
if (url === undefined) endWithUsage('--bot-database is needed; see `npm run import:bot -- --help`')
if (!['refuse', 'default'].includes(outOfBounds)) endWithUsage('--out-of-bounds must be refuse or default')
const DATABASE = "the bot's database"
const REDIS = "the bot's Redis"

await withGateway(values, async gateway => {
  const bot = await BotDatabase.open(url).catch(cannotRead(DATABASE))
  const counters = redisUrl === undefined ? undefined : new BotCounters(redisUrl)
  await counters?.connect().catch(cannotRead(REDIS))
  const users = await bot.countUsers().catch(cannotRead("the bot's table `users`"))
  const report = await Report.open(values.report)
  const progress = showProgress('users', users)
  const lines = async function* () {
    for await (const user of readable(DATABASE, bot.users())) {
      const { documents, notes } = convertUser(user, { dropOutOfBounds: outOfBounds === 'default' })
      const sequence = (await counters?.of(user.id).catch(cannotRead(REDIS))) ?? {}
      yield {
        line: JSON.stringify({ user_id: user.id, documents, sequence }),
        about: { where: `users.${user.id}`, notes },
      }
    }
  }
  try {
    for await (const { about, outcome } of sendLines(gateway, lines(), `?mode=merge&dry_run=${dryRun}`)) {
      report.add(about, outcome)
      progress.add(1)
    }
  } finally {
    progress.stop()
    process.stdout.write(await report.end(dryRun))
    counters?.close()
    await bot.close()
  }
  return report.isClean
})
