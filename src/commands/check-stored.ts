import pg from 'pg'
import { endpointOf } from '../config/endpoint-names.ts'
import { ConfigError, databaseUrlOf, readEnvironment } from '../config.ts'
import { DEFAULTS_REF } from '../settings/document-refs.ts'
import { type Refusal, StoredCheck } from '../settings/stored-check.ts'
import { databaseFailure } from '../start-failure.ts'
import { selectStoredDocument, selectStoredDocuments } from '../store/statements/stored-documents.ts'
import { commandLine } from './command-line.ts'

/**
 * `npm run check:stored`: before a release, whether what users have stored fits the schemas of this checkout. Reads in
 * the order of the primary key, a batch at a time, without a long transaction; writes nothing.
 */

/** Documents may have BODY_LIMIT_BYTES each: so many of them at once fit the memory. */
const BATCH = 100

const { values } = commandLine({
  command: 'npm run check:stored --',
  summary:
    'Checks all stored documents against the schemas of this checkout; ends with 1 when one is refused.',
  options: {
    'database-url': { type: 'string', value: 'URL', help: 'The database; DATABASE_URL if not given.' },
  },
})

async function main(): Promise<boolean> {
  const url = values['database-url'] ?? databaseUrlOf(readEnvironment())
  const client = new pg.Client({
    connectionString: url,
    application_name: 'settings-gateway-check-stored',
    options: '-c default_transaction_read_only=on',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const check = await checkAll(client)
    process.stdout.write(report(check))
    return check.refused === 0
  } catch (error) {
    throw new Error(
      databaseFailure(error, url) ?? `PostgreSQL at ${endpointOf(url)}: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  } finally {
    await client.end()
  }
}

async function checkAll(client: pg.Client): Promise<StoredCheck> {
  const defaults = await selectStoredDocument(client, {
    user_id: DEFAULTS_REF.userId,
    kind: DEFAULTS_REF.kind,
  })
  const check = new StoredCheck(defaults?.data)
  let after = { user_id: '', kind: '' }
  for (;;) {
    const batch = await selectStoredDocuments(client, after, BATCH)
    for (const { user_id, kind, data } of batch) check.add(user_id, kind, data)
    const last = batch.at(-1)
    if (last === undefined) return check
    after = last
  }
}

function report(check: StoredCheck): string {
  const lines = check.refusals().map(line)
  if (check.unlisted > 0) lines.push(`${check.unlisted} more faults of other fields`)
  lines.push(`${check.checked} documents checked, ${check.refused} refused`)
  return `${lines.join('\n')}\n`
}

function line({ kind, path, message, count, users }: Refusal): string {
  const more = count > users.length ? ', ...' : ''
  return `${kind}${path === '' ? '' : ` ${path}`} ${message}: ${count} (${users.join(', ')}${more})`
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  const text = error instanceof ConfigError ? error.message : (error as Error).message
  process.stderr.write(`nothing was checked: ${text}\n`)
  process.exitCode = 1
}
