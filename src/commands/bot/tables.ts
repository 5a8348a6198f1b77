import pg from 'pg'
import { readJson } from '../../documents/json/read.ts'
import { isJsonObject, type JsonObject } from '../../documents/json.ts'

/** The bot's tables with a row or more for each user. */
const BOT_TABLES = [
  'user_mode_configs',
  'user_global_circuit_breaker',
  'user_capital_allocation',
  'user_llm_config',
  'user_safety_settings',
  'user_global_trading',
  'user_trading_configs',
] as const
export type BotTable = (typeof BOT_TABLES)[number]

/** One user of the bot, with the rows of each table; a table that the bot does not have gives none. */
export interface BotUser {
  readonly id: string
  /** The column of `users`, such as Asia/Kolkata; undefined when it is empty. */
  readonly timezone: string | undefined
  readonly rows: ReadonlyMap<BotTable, readonly JsonObject[]>
}

/** Rows fetched at once from one table; they are in memory, beside those of one user. */
const ROWS_PER_FETCH = 500

/** Rows of one table in the order of the users, a batch at a time. */
class Cursor {
  readonly #client: pg.Client
  readonly #name: string
  #batch: { userId: string; row: JsonObject }[] = []
  #at = 0
  #ended: boolean

  constructor(client: pg.Client, name: string, exists: boolean) {
    this.#client = client
    this.#name = name
    this.#ended = !exists
  }

  /** The next row, or undefined at the end. */
  async next(): Promise<{ userId: string; row: JsonObject } | undefined> {
    const found = await this.peek()
    this.#at++
    return found
  }

  async peek(): Promise<{ userId: string; row: JsonObject } | undefined> {
    if (this.#at >= this.#batch.length && !this.#ended) await this.#fetch()
    return this.#batch[this.#at]
  }

  async #fetch(): Promise<void> {
    const { rows } = await this.#client.query<{ user_id: string; row: string }>(
      `FETCH ${ROWS_PER_FETCH} FROM ${this.#name}`,
    )
    this.#ended = rows.length < ROWS_PER_FETCH
    this.#batch = rows.map(({ user_id: userId, row }) => {
      const value = readJson(row)
      return { userId, row: isJsonObject(value) ? value : {} }
    })
    this.#at = 0
  }
}

/** A read-only look at the bot's database: one snapshot, one cursor a table, never more than a batch in memory. */
export class BotDatabase {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  /** Connects, and begins the snapshot. Rejects when the database cannot be read. */
  static async open(url: string): Promise<BotDatabase> {
    const client = new pg.Client({ connectionString: url, application_name: 'settings-gateway-import' })
    // The next statement fails with the reason.
    client.on('error', () => {})
    await client.connect()
    // READ ONLY: this program cannot write to the bot's tables even when its role may.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return new BotDatabase(client)
  }

  async countUsers(): Promise<number> {
    const { rows } = await this.#client.query<{ count: string }>('SELECT count(*) FROM users')
    return Number(rows[0]!.count)
  }

  /** Every user of `users`, in the order of the ids. */
  async *users(): AsyncGenerator<BotUser> {
    const users = await this.#open('users', 'id')
    const cursors = new Map<BotTable, Cursor>()
    for (const table of BOT_TABLES) cursors.set(table, await this.#open(table, 'user_id'))
    for (let next = await users.next(); next !== undefined; next = await users.next()) {
      const { userId, row } = next
      const rows = new Map<BotTable, readonly JsonObject[]>()
      for (const [table, cursor] of cursors) rows.set(table, await rowsOf(cursor, userId))
      const { timezone } = row
      yield { id: userId, timezone: typeof timezone === 'string' ? timezone : undefined, rows }
    }
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  /** The row as JSON: a column that an older bot does not have is missing there, and numbers keep their digits. */
  async #open(table: string, idColumn: string): Promise<Cursor> {
    const { rows } = await this.#client.query<{ exists: boolean }>(
      'SELECT to_regclass($1) IS NOT NULL AS exists',
      [table],
    )
    const exists = rows[0]!.exists
    const name = `of_${table}`
    if (exists) {
      await this.#client.query(
        `DECLARE ${name} NO SCROLL CURSOR FOR
         SELECT ${idColumn}::text AS user_id, to_jsonb(t)::text AS row FROM ${table} AS t ORDER BY ${idColumn}`,
      )
    }
    return new Cursor(this.#client, name, exists)
  }
}

/** The rows of one user; those of users that are not in `users` are passed over. */
async function rowsOf(cursor: Cursor, userId: string): Promise<JsonObject[]> {
  const rows: JsonObject[] = []
  for (let next = await cursor.peek(); next !== undefined; next = await cursor.peek()) {
    // As text the ids of type uuid are in the order in which PostgreSQL has them.
    if (next.userId > userId) break
    if (next.userId === userId) rows.push(next.row)
    await cursor.next()
  }
  return rows
}
