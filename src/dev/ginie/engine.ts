import type { SettingsClient, UserSettings } from '../../client/client.ts'
import type { FiveSelects } from './five-selects.ts'
import type { GinieOptions } from './options.ts'

/** What a run saw. Times are milliseconds, one for each cycle. */
export interface Measurements {
  readonly settingsMs: number[]
  readonly selectsMs: number[]
  readonly numberMs: number[]
  /** Cycles whose settings were what the cycle before had (304). */
  unchanged: number
  /** Changes of settings, each followed by a read. */
  changes: number
  /** Verified reads that were older than an acknowledged change: the gateway promises none. */
  stale: number
  /** Cycles that could not be confirmed by the database. */
  unverified: number
  /** Numbers drawn twice for one user: the gateway promises none. */
  repeated: number
  /** Cycles that failed, by why. */
  readonly failures: Map<string, number>
}

export interface EngineDeps {
  readonly client: SettingsClient
  readonly selects: FiveSelects | undefined
  readonly options: Pick<GinieOptions, 'users' | 'seconds' | 'intervalMs'>
}

/** A setting changes in one of so many cycles. */
const CYCLES_PER_CHANGE = 5
const MINUTES = 60

/**
 * Ginie's loop as a caller: each user has a cycle every `intervalMs`, spread evenly. A cycle reads everything, decides,
 * and draws a number for its order. The five SELECTs are measured beside it, first in every other cycle.
 */
export async function runEngine({ client, selects, options }: EngineDeps): Promise<Measurements> {
  const seen = empty()
  const userIds = Array.from({ length: options.users }, (_, index) => `ginie-${index}`)
  const engines = userIds.map(userId => new UserEngine(userId, client.user(userId), selects, seen))
  for (const [index, engine] of engines.entries()) {
    await client.createUser(userIds[index]!)
    await engine.warmUp()
  }
  const startedAt = performance.now()
  const endsAt = startedAt + options.seconds * 1_000
  const loops = engines.map(async (engine, index) => {
    const beginsAt = startedAt + (index * options.intervalMs) / options.users
    for (let cycle = 0; beginsAt + cycle * options.intervalMs < endsAt; cycle++) {
      await until(beginsAt + cycle * options.intervalMs)
      await engine.cycle(cycle + index)
    }
  })
  await Promise.all(loops)
  return seen
}

class UserEngine {
  readonly #userId: string
  readonly #user: UserSettings
  readonly #selects: FiveSelects | undefined
  readonly #seen: Measurements
  readonly #numbers = new Set<string>()
  #acknowledged = 0

  constructor(userId: string, user: UserSettings, selects: FiveSelects | undefined, seen: Measurements) {
    this.#userId = userId
    this.#user = user
    this.#selects = selects
    this.#seen = seen
  }

  /** Opens connections, prepares statements and fills the cache, so that no cycle pays for it. */
  async warmUp(): Promise<void> {
    await this.#user.decisionSettings()
    await this.#selects?.read(this.#userId)
    await this.#user.nextSequence()
  }

  /** Never rejects: a failed cycle is counted. */
  async cycle(nth: number): Promise<void> {
    try {
      if (nth % CYCLES_PER_CHANGE === 0) await this.#change(nth)
      if (nth % 2 === 0) await this.#readSelects()
      await this.#decide()
      if (nth % 2 === 1) await this.#readSelects()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#seen.failures.set(why, (this.#seen.failures.get(why) ?? 0) + 1)
    }
  }

  async #change(nth: number): Promise<void> {
    const { version } = await this.#user.put('circuit_breaker', {
      cooldown_minutes: MINUTES + (nth % MINUTES),
    })
    this.#acknowledged = version
    this.#seen.changes++
  }

  async #decide(): Promise<void> {
    const { result: read, ms } = await measure(() => this.#user.decisionSettings())
    this.#seen.settingsMs.push(ms)
    const { value, unchanged, unverified } = read
    if (unchanged) this.#seen.unchanged++
    if (unverified) this.#seen.unverified++
    else if (value.circuit_breaker.version < this.#acknowledged) this.#seen.stale++
    if (
      !value.circuit_breaker.data.enabled ||
      !value.modes[value.settings.data.trading.current_mode].data.enabled
    )
      return
    const drawn = await measure(() => this.#user.nextSequence())
    this.#seen.numberMs.push(drawn.ms)
    const number = `${drawn.result.date}-${drawn.result.sequence}`
    if (this.#numbers.has(number)) this.#seen.repeated++
    this.#numbers.add(number)
  }

  async #readSelects(): Promise<void> {
    if (this.#selects === undefined) return
    const selects = this.#selects
    this.#seen.selectsMs.push((await measure(() => selects.read(this.#userId))).ms)
  }
}

function empty(): Measurements {
  return {
    settingsMs: [],
    selectsMs: [],
    numberMs: [],
    unchanged: 0,
    changes: 0,
    stale: 0,
    unverified: 0,
    repeated: 0,
    failures: new Map(),
  }
}

async function measure<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const startedAt = performance.now()
  const result = await work()
  return { result, ms: performance.now() - startedAt }
}

/** `at` of performance.now(). */
async function until(at: number): Promise<void> {
  const wait = at - performance.now()
  if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
}
