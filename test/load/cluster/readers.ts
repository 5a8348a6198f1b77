import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { SERVICE } from '../../helper/gateway.ts'
import type { Answer } from './figures.ts'

const ROUTE = '/api/futures/ginie/modes/scalp'
const TICK_MS = 10
/** A gateway answers in this time, or the read counts as none. */
const PATIENCE_MS = 15_000

export interface ReaderOptions {
  readonly urls: readonly string[]
  readonly users: readonly string[]
  /** Reads per second of all users together, each user as often as another. */
  readonly rate: number
}

/** Reads each user in turn, through one gateway after the other, at a steady rate. */
export class Readers {
  readonly answers: Answer[] = []
  /** Answers other than 200, and requests without any. */
  failed = 0
  readonly #options: ReaderOptions
  readonly #pools: readonly Pool[]
  readonly #inFlight = new Set<Promise<void>>()
  #sent = 0

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#pools = options.urls.map(
      url => new Pool(url, { connections: 64, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS }),
    )
  }

  /** Reads until every user was a hit through every gateway. */
  async prepare(): Promise<void> {
    for (const user of this.#options.users) {
      for (const pool of this.#pools) while (!(await this.#read(pool, user))?.hit) await sleep(TICK_MS)
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { rate, users } = this.#options
    const startedAt = performance.now()
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * rate)
      while (this.#sent < due) {
        const turn = this.#sent++
        const user = users[turn % users.length]!
        const pool = this.#pools[(turn + Math.floor(turn / users.length)) % this.#pools.length]!
        const reading = this.#record(pool, user).finally(() => this.#inFlight.delete(reading))
        this.#inFlight.add(reading)
      }
      await sleep(TICK_MS)
    }
    await Promise.all(this.#inFlight)
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map(pool => pool.destroy()))
  }

  async #record(pool: Pool, user: string): Promise<void> {
    const answer = await this.#read(pool, user)
    if (answer === undefined) this.failed++
    else this.answers.push(answer)
  }

  /** Undefined when it was not answered with 200. */
  async #read(pool: Pool, user: string): Promise<Answer | undefined> {
    const start = performance.now()
    try {
      const { statusCode, headers, body } = await pool.request({
        ...{ method: 'GET', path: ROUTE, headers: { ...SERVICE, 'x-user-id': user } },
      })
      await body.dump()
      if (statusCode !== 200) return undefined
      const hit = headers['cache-status'] === 'settings-gateway; hit'
      return { user, start, end: performance.now(), hit }
    } catch {
      return undefined
    }
  }
}
