import type pg from 'pg'
import { edit } from '../faults/by-hand.ts'
import { between, type Fault, type FaultContext } from '../faults/fault.ts'
import { MARK_PATH } from '../marks.ts'
import type { Scenario } from './scenario.ts'

/** L, and the jump of a clock that a lease may outlast (LEASE_MS, CLOCK_JUMP_MS). */
const SEEN_AFTER_MS = 1_100
const KINDS = ['mode.scalp', 'circuit_breaker', 'llm_config']
let edits = 0

/** How an operator changes a row; resolves to the new version, undefined when there is no such document. */
type Edit = (client: pg.Client, user: string, kind: string, mark: string) => Promise<number | undefined>

function editedBy(name: string, change: Edit): Fault {
  return {
    name,
    async inject(context) {
      const { stack, random, users, record } = context
      const [user, kind, mark] = [random.pick(users), random.pick(KINDS), `psql-${edits++}`]
      const start = performance.now()
      const version = await stack.sql(client => change(client, user, kind, mark))
      if (version === undefined) return
      record({
        ...{
          client: 'psql',
          gateway: -1,
          user,
          type: 'write',
          outcome: 'ok',
          status: 200,
          code: '',
          cache: '',
          mark,
        },
        start,
        end: performance.now() + SEEN_AFTER_MS,
        documents: [{ kind, section: '', version, value: '', marks: [mark] }],
      })
    },
  }
}

const UPSERT: Edit = async (client, user, kind, mark) => {
  const { rows } = await client.query<{ version: string }>(
    `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
     SELECT user_id, kind, version, jsonb_set(data, $3, to_jsonb($4::text)), updated_at, updated_by, changed_xid
     FROM documents WHERE user_id = $1 AND kind = $2
     ON CONFLICT (user_id, kind) DO UPDATE SET data = excluded.data RETURNING version`,
    [user, kind, MARK_PATH, mark],
  )
  return rows[0] === undefined ? undefined : Number(rows[0].version)
}

/** As a logical replication worker, or a restore with --disable-triggers, writes. */
const AS_REPLICA: Edit = async (client, user, kind, mark) => {
  await client.query('SET session_replication_role = replica')
  return edit(client, user, kind, mark)
}

/** What must be refused; that nothing of it took place is seen by the checker. */
const REFUSED = [
  `UPDATE documents SET user_id = user_id || '-moved'`,
  `UPDATE documents SET kind = 'mode.scalp' WHERE kind = 'mode.swing'`,
  'TRUNCATE documents',
  'TRUNCATE documents, document_history CASCADE',
  'DELETE FROM documents',
]

const REFUSALS: Fault = {
  name: 'rows moved and removed in SQL',
  async inject({ stack, random }) {
    const statement = random.pick(REFUSED)
    const refused = await stack.sql(client =>
      client.query(statement).then(
        () => false,
        () => true,
      ),
    )
    if (!refused) throw new Error(`PostgreSQL carried out: ${statement}`)
  },
}

const NO_VIEW: Fault = {
  name: 'the row of the cache view is deleted',
  async inject(context) {
    context.hurt('postgres', context.stack.gateways)
    await context.stack.sql(client => client.query('DELETE FROM cache_view').catch(() => {}))
    await between(context, 100, 1_000)
  },
}

/** What an operator does to keys of the gateway with redis-cli, other than writing a document that nobody stored. */
type Command = (context: FaultContext, key: string) => readonly string[]

const COMMANDS: Readonly<Record<string, Command>> = {
  'a counter is set to 1': (_context, key) => [
    'SET',
    key.replace(/:settings:all$/, `:sequence:${today()}`),
    '1',
  ],
  'a counter is set to text': (_context, key) => [
    'SET',
    key.replace(/:settings:all$/, `:sequence:${today()}`),
    'x',
  ],
  'a counter is deleted': (_context, key) => ['DEL', key.replace(/:settings:all$/, `:sequence:${today()}`)],
  'a document is deleted': (_context, key) => ['DEL', key],
  'a document expires': ({ random }, key) => ['PEXPIRE', key, String(1 + random.int(500))],
  'a document is of another type': (_context, key) => ['EVAL', TO_HASH, '1', key],
  'the stamp is deleted': (_context, key) => ['DEL', stampOf(key)],
  'the stamp is set': (_context, key) => ['SET', stampOf(key), '1'],
  'the marker is deleted': () => ['DEL', 'gateway:marker'],
  'the view is deleted': () => ['DEL', 'gateway:view'],
  'the view is text': () => ['SET', 'gateway:view', 'hello'],
  FLUSHDB: () => ['FLUSHDB'],
  'SCRIPT FLUSH': () => ['SCRIPT', 'FLUSH'],
  'clients are killed': () => ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'],
  'Redis pauses': ({ random }) => ['CLIENT', 'PAUSE', String(50 + random.int(900)), 'ALL'],
}

/** In one step, as RENAME of another key over it would be. */
const TO_HASH = `redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], 'a', 'b')`

function today(): string {
  return new Date().toISOString().slice(0, 10).replaceAll('-', '')
}

function stampOf(key: string): string {
  return `gateway:stamp:${key.split(':')[1]}`
}

/** "Somebody runs redis-cli": each command a fault. */
export const REDIS_CLI_FAULTS: readonly Fault[] = Object.entries(COMMANDS).map(([name, commandOf]) => ({
  name: `redis-cli: ${name}`,
  async inject(context) {
    const { stack, random, users } = context
    for (let i = 0; i < 3; i++) {
      const [command, ...args] = commandOf(context, `user:${random.pick(users)}:settings:all`)
      await stack.command(client => client.call(command!, ...args))
      await between(context, 10, 300)
    }
  },
}))

/** "Somebody runs psql": each statement a fault. */
export const PSQL_FAULTS: readonly Fault[] = [
  editedBy('psql: INSERT ... ON CONFLICT DO UPDATE', UPSERT),
  editedBy('psql: UPDATE as a replica', AS_REPLICA),
  REFUSALS,
  NO_VIEW,
]

export const BY_HAND: readonly Scenario[] = [
  { name: 'C10', says: 'an operator runs psql', faults: PSQL_FAULTS },
  { name: 'D5', says: 'an operator runs redis-cli', faults: REDIS_CLI_FAULTS },
]
