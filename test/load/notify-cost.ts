import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ChangePoint } from '../../src/events/change-point.ts'
import { migrate } from '../../src/store/migrate.ts'
import { selectChangesAfter } from '../../src/store/statements/changes.ts'
import { type Scope, startPostgres } from '../helper/backends.ts'

const WRITERS = 16
const ROUND_MS = 2_000
const ROUNDS = 3
const CONTENT = JSON.stringify({ text: 'x'.repeat(3_000) })

/**
 * Transactions per second of 16 writers on a server that flushes each commit: plain, while one connection polls as the
 * change feed does, and with pg_notify() in each transaction. The contenders take turns; medians.
 */
export async function compareCommits(scope: Scope): Promise<string[]> {
  const { url } = await startPostgres(scope)
  await migrate(url)
  const pool = new pg.Pool({ connectionString: url, max: WRITERS + 1 })
  pool.on('error', () => {})
  const plain: number[] = []
  const polled: number[] = []
  const notified: number[] = []
  let turn = 0
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await commits(pool, turn++, []))
    polled.push(await withPolling(pool, () => commits(pool, turn++, [])))
    notified.push(await commits(pool, turn++, [`SELECT pg_notify('changes', $1)`]))
  }
  await pool.end()
  return [
    `${WRITERS} writers: ${median(plain)} transactions/s`,
    `  while the change feed polls: ${median(polled)} (${(median(polled) / median(plain)).toFixed(2)})`,
    `  with pg_notify: ${median(notified)} (${(median(notified) / median(plain)).toFixed(2)})`,
  ]
}

async function commits(pool: pg.Pool, turn: number, more: readonly string[]): Promise<number> {
  let count = 0
  const until = performance.now() + ROUND_MS
  const write = async (writer: number) => {
    const client = await pool.connect()
    for (let version = 1; performance.now() < until; version++) {
      await client.query('BEGIN')
      await client.query('SELECT apply_changes($1, $2, $3, $4, $5, $6, $7, $8)', [
        [`w${turn}-${writer}`],
        ['mode.scalp'],
        [version - 1],
        [version],
        [CONTENT],
        ['[]'],
        ['w'],
        ['put'],
      ])
      for (const sql of more) await client.query(sql, [`w${writer}`])
      await client.query('COMMIT')
      count++
    }
    client.release()
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
  return Math.round(count / (ROUND_MS / 1_000))
}

async function withPolling<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  let polling = true
  const poll = async () => {
    let since: ChangePoint | undefined
    while (polling) {
      const answer = await selectChangesAfter(pool, since, 10_000)
      if (answer !== 'not-yet') since = answer.point
      await sleep(100)
    }
  }
  const polled = poll()
  const result = await work()
  polling = false
  await polled
  return result
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
