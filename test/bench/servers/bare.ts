import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import pg from 'pg'
import { plainWrites } from './plain-writes.ts'
import { reportTo } from './usage.ts'

/**
 * What the gateway is compared with: bare Fastify that answers constants of the same bytes (BENCH_BODIES names a JSON
 * file of base64 bodies), one or five SELECTs per request with JSON parsed and written, and plain transactions.
 */
const bodies: Record<string, string> = JSON.parse(readFileSync(process.env.BENCH_BODIES!, 'utf8'))
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL!, max: 10 })
const app = fastify()

for (const [name, base64] of Object.entries(bodies)) {
  const body = Buffer.from(base64, 'base64')
  app.get(`/${name}`, (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8').send(body)
  })
}
app.get('/304', (_request, reply) => {
  reply.code(304).send()
})

const ONE = `SELECT kind, version, updated_at, data FROM documents WHERE user_id = $1 AND kind = 'mode.scalp'`
app.get('/select-one', async () => {
  const { rows } = await pool.query({ name: 'one', text: ONE, values: ['default'] })
  return rows[0]
})

/** The way of a bot without a gateway: one query per table. */
const FIVE = ['settings', 'mode', 'scalp_reentry', 'circuit_breaker', 'safety']
const MATCHING = `SELECT kind, version, updated_at, data FROM documents
                  WHERE user_id = $1 AND split_part(kind, '.', 1) = $2`
app.get('/select-five', async () => {
  const answer: Record<string, unknown> = {}
  for (const family of FIVE) {
    const { rows } = await pool.query({ name: 'five', text: MATCHING, values: ['default', family] })
    answer[family] = rows
  }
  return answer
})

await plainWrites(app, pool, process.env.REDIS_URL!)
reportTo(process, await app.listen({ host: '127.0.0.1', port: 0 }))
