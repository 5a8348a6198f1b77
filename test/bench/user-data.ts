import { once } from 'node:events'
import { connect } from 'node:net'
import type { Redis } from 'ioredis'
import type pg from 'pg'
import { encodeCommand } from '../../src/cache/resp.ts'
import { documentDefaults } from '../../src/documents/defaults.ts'
import { PLAIN_CODEC } from '../helper/plain-names.ts'

/** One small document per user: a million users fit. */
const GROWTH_KIND = 'capital_allocation'
const UPDATED_AT = '2026-01-06T12:00:00.000Z'
const USERS_PER_WRITE = 5_000

export const growthUser = (n: number) => `u${n}`

export interface Memory {
  readonly redisBytes: number
  readonly postgresBytes: number
}

/** Fills PostgreSQL and Redis with users as the gateway would have stored them, and tells what they take. */
export class UserData {
  readonly #database: pg.Client
  readonly #redis: Redis
  readonly #redisPort: number
  readonly #data: string

  constructor(database: pg.Client, redis: Redis, redisPort: number, defaults: Record<string, unknown>) {
    this.#database = database
    this.#redis = redis
    this.#redisPort = redisPort
    this.#data = JSON.stringify(documentDefaults(defaults as never, GROWTH_KIND))
  }

  /** Users `from` (included) to `to` (not included). */
  async add(from: number, to: number): Promise<void> {
    await this.#intoPostgres(from, to)
    await this.#intoRedis(from, to)
  }

  async memory(): Promise<Memory> {
    const info = await this.#redis.info('memory')
    const { rows } = await this.#database.query<{ bytes: string }>(
      `SELECT pg_total_relation_size('documents') + pg_total_relation_size('document_history') AS bytes`,
    )
    return {
      redisBytes: Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0),
      postgresBytes: Number(rows[0]!.bytes),
    }
  }

  /** In the name of the gateway's writer: the trigger for rows changed by hand would turn the view OFF. */
  async #intoPostgres(from: number, to: number): Promise<void> {
    await this.#database.query('BEGIN')
    await this.#database.query(`SELECT set_config('gateway.writer', 'on', true)`)
    await this.#database.query(
      `INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid)
       SELECT 'u' || n, $3, 1, $4::jsonb, $5::timestamptz, 'bench', pg_current_xact_id()
       FROM generate_series($1::int, $2::int - 1) AS n`,
      [from, to, GROWTH_KIND, this.#data, UPDATED_AT],
    )
    await this.#database.query('COMMIT')
  }

  async #intoRedis(from: number, to: number): Promise<void> {
    const socket = connect(this.#redisPort, '127.0.0.1')
    socket.resume()
    await once(socket, 'connect')
    socket.setDefaultEncoding('latin1')
    socket.write(encodeCommand(['CLIENT', 'REPLY', 'OFF']))
    for (let first = from; first < to; first += USERS_PER_WRITE) {
      let text = ''
      for (let n = first; n < Math.min(to, first + USERS_PER_WRITE); n++) text += this.#setOf(growthUser(n))
      if (!socket.write(text)) await once(socket, 'drain')
    }
    socket.write(encodeCommand(['CLIENT', 'REPLY', 'ON']))
    socket.write(encodeCommand(['QUIT']))
    await once(socket, 'close')
  }

  #setOf(userId: string): string {
    const ref = { userId, kind: GROWTH_KIND }
    const [key] = PLAIN_CODEC.keys(ref)
    const [value] = PLAIN_CODEC.encode({ ref, version: 1, updatedAt: UPDATED_AT, data: this.#data })
    return encodeCommand(['SET', key!, String(value)])
  }
}
