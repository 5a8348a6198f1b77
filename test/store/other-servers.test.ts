import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createDatabase, onServer, startRedis } from '../helper/backends.ts'
import { eventually, startGateway } from '../helper/gateway.ts'

const SCALP = '/api/futures/ginie/modes/scalp'

/** A database without anything, whose functions are those of another server where `functions` says so. */
async function otherServer(t: Test, functions: string): Promise<string> {
  const server = await createDatabase(t)
  const name = `other_${randomBytes(6).toString('hex')}`
  await onServer(server, client => client.query(`CREATE DATABASE ${name} TEMPLATE template0`))
  t.teardown(() => onServer(server, client => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  const url = new URL(server)
  url.pathname = `/${name}`
  await onServer(url.href, async client => {
    await client.query('CREATE SCHEMA emulated')
    await client.query(functions)
    await client.query(`ALTER DATABASE ${name} SET search_path = public, emulated, pg_catalog`)
  })
  return url.href
}

const raising = (name: string, returns: string, code: string) => `
  CREATE FUNCTION emulated.${name}() RETURNS ${returns} LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'WAL control functions cannot be executed' USING ERRCODE = '${code}'; END $$;`

const SERVERS = {
  'Aurora refuses to tell its WAL': raising('pg_current_wal_lsn', 'pg_lsn', '55000'),
  'YugabyteDB does not have that function': raising('pg_current_wal_lsn', 'pg_lsn', '42883'),
  'the role may not read pg_control': raising('pg_control_system', 'record', '42501'),
  'Neon has one timeline for ever': `
    CREATE FUNCTION emulated.pg_walfile_name(pg_lsn) RETURNS text LANGUAGE sql AS
      $$ SELECT '000000010000000000000001' $$`,
}

for (const [name, functions] of Object.entries(SERVERS)) {
  t.test(`starts, and uses the cache: ${name}`, async t => {
    const [url, redis] = await Promise.all([otherServer(t, functions), startRedis(t)])
    const gateway = await startGateway(t, { DATABASE_URL: url, REDIS_URL: redis.url })
    await eventually('it is ready', () => gateway.services.status.ready)
    const payload = { confidence: { min_confidence: 50 } }
    t.equal((await gateway.as('42', { method: 'PUT', url: SCALP, payload })).statusCode, 200)
    await eventually('it is a hit', async () => {
      const { headers } = await gateway.as('42', { url: SCALP })
      return headers['cache-status'] === 'settings-gateway; hit'
    })
  })
}

t.test('a server whose advisory locks exclude nobody is refused by name', async t => {
  const url = await otherServer(
    t,
    `CREATE FUNCTION emulated.pg_try_advisory_xact_lock(integer, integer) RETURNS boolean LANGUAGE sql AS
       $$ SELECT true $$;
     CREATE FUNCTION emulated.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB CCL v25.4' $$`,
  )
  await t.rejects(
    startGateway(t, { DATABASE_URL: url }),
    /advisory locks .* exclude no other session.*CockroachDB/,
  )
})

t.test('a database with another encoding is refused by name', async t => {
  const server = await createDatabase(t)
  const name = `latin_${randomBytes(6).toString('hex')}`
  await onServer(server, client =>
    client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`),
  )
  t.teardown(() => onServer(server, client => client.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  const url = new URL(server)
  url.pathname = `/${name}`
  await t.rejects(startGateway(t, { DATABASE_URL: url.href }), /encoding UTF8, it has SQL_ASCII/)
})

t.test('a function that fails at the start is named: the database is reachable', async t => {
  const url = await otherServer(t, raising('pg_postmaster_start_time', 'timestamptz', '55000'))
  let text = ''
  const logStream = {
    write(line: string) {
      text += line
    },
  }
  const gateway = await startGateway(t, { DATABASE_URL: url, LOG_LEVEL: 'info' }, { logStream })
  await eventually('it says so', () => text.includes('the start fails'))
  t.match(text, /WAL control functions cannot be executed \(SQLSTATE 55000, PL\/pgSQL function .*start_time/)
  t.notMatch(text, /not reachable/)
  const { warnings } = (await gateway.as('42', { url: '/health' })).json()
  t.match(warnings.join(' '), /SQLSTATE 55000/)
})

t.test('lost connections are a line each, with the cause', async t => {
  const url = await createDatabase(t)
  const lines: string[] = []
  const logStream = {
    write(line: string) {
      lines.push(line)
    },
  }
  const gateway = await startGateway(t, { DATABASE_URL: url, LOG_LEVEL: 'info' }, { logStream })
  await eventually('it is ready', () => gateway.services.status.ready)
  await gateway.as('42', { url: SCALP })
  const before = lines.length
  const ended = await onServer(url, async client => {
    const { rowCount } = await client.query(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
      WHERE application_name = 'settings-gateway' AND datname = current_database() AND state = 'idle'`)
    return rowCount ?? 0
  })
  const lost = () => lines.slice(before).filter(line => line.includes('was lost'))
  await eventually('they are told', () => lost().length > 0)
  t.ok(lost().length <= ended, `${lost().length} lines about ${ended} connections`)
  for (const line of lost()) {
    t.match(JSON.parse(line).reason, /terminating connection.*\(57P01\)/)
    t.ok(line.length < 400, `${line.length} bytes`)
  }
  for (const line of lines) t.notMatch(line, /"(client|connection|socket|connectionParameters)":\{/)
})
