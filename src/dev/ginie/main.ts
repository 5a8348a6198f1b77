import { SettingsClient } from '../../client/client.ts'
import { commandLine } from '../../commands/command-line.ts'
import { runEngine } from './engine.ts'
import { FiveSelects } from './five-selects.ts'
import { GINIE, type GinieOptions, ginieOptions } from './options.ts'
import { startPrivateGateway } from './private-gateway.ts'
import { report } from './report.ts'

/**
 * `npm run ginie -- [--users N] [--seconds S] [--interval-ms I] [--url URL --token T [--database-url U]]`: a decision
 * engine's loop through the client, beside the five-SELECT way. Ends with 1 when a promise was broken or a cycle failed.
 */

async function main(options: GinieOptions): Promise<boolean> {
  const own = options.url === undefined ? await startPrivateGateway() : undefined
  const databaseUrl = own?.databaseUrl ?? options.databaseUrl
  const selects = databaseUrl === undefined ? undefined : new FiveSelects(databaseUrl)
  const client = new SettingsClient({ url: own?.url ?? options.url!, token: options.token })
  try {
    const seen = await runEngine({ client, selects, options })
    process.stdout.write(`${report(seen, options)}\n`)
    return seen.stale === 0 && seen.repeated === 0 && seen.failures.size === 0
  } finally {
    await client.close()
    await selects?.close()
    await own?.stop()
  }
}

process.exitCode = (await main(ginieOptions(commandLine(GINIE).values))) ? 0 : 1
