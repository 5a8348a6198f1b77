import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import type { Pool } from 'pg'

/** The cheapest script that never replaces a newer version. */
const STORE = `
  local stored = redis.call('GETRANGE', KEYS[1], 0, 31)
  local version = tonumber(string.match(stored, '^{"version":(%d+)')) or 0
  if version < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2]) end
  return 'OK'`

/** BEGIN, SELECT FOR UPDATE, UPSERT, COMMIT, then a Redis script: a write without fence, checks and history. */
export async function plainWrites(app: FastifyInstance, pool: Pool, redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl)
  redis.defineCommand('store', { numberOfKeys: 1, lua: STORE })
  const store = redis as unknown as { store(key: string, version: number, value: string): Promise<unknown> }
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bench_documents (user_id text PRIMARY KEY, version bigint NOT NULL, data jsonb NOT NULL)',
  )
  app.put<{ Params: { user: string } }>('/write/:user', async request => {
    const { user } = request.params
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const { rows } = await client.query({
        name: 'lock',
        text: 'SELECT version, data FROM bench_documents WHERE user_id = $1 FOR UPDATE',
        values: [user],
      })
      const version = Number(rows[0]?.version ?? 0) + 1
      const data = JSON.stringify({ ...rows[0]?.data, ...(request.body as object) })
      await client.query({
        name: 'upsert',
        text: `INSERT INTO bench_documents VALUES ($1, $2, $3)
               ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, data = excluded.data`,
        values: [user, version, data],
      })
      await client.query('COMMIT')
      const answer = `{"version":${version},"data":${data}}`
      await store.store(`bench:${user}`, version, answer)
      return answer
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  })
}
