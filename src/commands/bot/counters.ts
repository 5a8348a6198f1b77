import { Redis } from 'ioredis'

/** Order numbers that the bot's own Redis has counted: today's and yesterday's in every time zone. */
export class BotCounters {
  readonly #client: Redis

  constructor(url: string) {
    this.#client = new Redis(url, { lazyConnect: true, retryStrategy: null })
    // The next command fails with the reason.
    this.#client.on('error', () => {})
  }

  connect(): Promise<void> {
    return this.#client.connect()
  }

  /** The last number of each day that has one. */
  async of(userId: string): Promise<Record<string, number>> {
    const days = aroundNow()
    const values = await this.#client.mget(days.map(day => `user:${userId}:sequence:${day}`))
    const counted = days.map((day, index) => [day, Number(values[index] ?? 0)] as const)
    return Object.fromEntries(counted.filter(([, number]) => Number.isSafeInteger(number) && number > 0))
  }

  close(): void {
    this.#client.disconnect()
  }
}

const DAY_MS = 24 * 60 * 60 * 1_000

/** YYYYMMDD of yesterday, today and tomorrow in UTC: of every time zone one of them is today. */
function aroundNow(): string[] {
  return [-1, 0, 1].map(days =>
    new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', ''),
  )
}
