import { CacheUnavailableError } from '../consistency/cache-port.ts'
import { viewText } from '../consistency/token.ts'
import type { ViewToken } from '../consistency/views.ts'
import {
  type DrawOutcome,
  isVacancy,
  type NumberBlock,
  type SequenceCachePort,
  type SequenceDay,
  type Vacancy,
} from '../sequence/ports.ts'
import type { Breaker } from './breaker.ts'
import type { KeyNames } from './keys.ts'
import type { RedisConnection } from './redis-connection.ts'
import { guard } from './redis-failures.ts'
import type { ScriptRunner } from './script-runner.ts'

/** The scripts of the sequence, by the names of their files. */
export const SEQUENCE_SCRIPTS = ['sequence-draw', 'sequence-open', 'sequence-last'] as const

/** Longer than a day is today in any time zone. */
const TTL_MS = 48 * 60 * 60 * 1_000
/** The section of the settings that holds the time zone; it has the version of the whole document. */
const SETTINGS_SUFFIX = 'settings:trading'

/** The SequenceCachePort over Redis. */
export class RedisSequence implements SequenceCachePort {
  readonly #scripts: ScriptRunner
  readonly #connection: RedisConnection
  readonly #breaker: Breaker
  readonly #names: KeyNames

  constructor(scripts: ScriptRunner, connection: RedisConnection, breaker: Breaker, names: KeyNames) {
    this.#scripts = scripts
    this.#connection = connection
    this.#breaker = breaker
    this.#names = names
  }

  get usable(): boolean {
    return this.#breaker.closed
  }

  draw(v: ViewToken, day: SequenceDay, count: number, settingsVersion: number): Promise<DrawOutcome> {
    const keys = [this.#names.view, ...this.#keysOf(day), this.#names.user(day.userId, SETTINGS_SUFFIX)]
    return this.#run(v, 'sequence-draw', keys, [count, settingsVersion, TTL_MS])
  }

  open(
    v: ViewToken,
    day: SequenceDay,
    count: number,
    met: Vacancy,
    { first, last }: NumberBlock,
  ): Promise<DrawOutcome> {
    const keys = [this.#names.view, ...this.#keysOf(day)]
    return this.#run(v, 'sequence-open', keys, [met, count, first, last, TTL_MS])
  }

  last(v: ViewToken, day: SequenceDay): Promise<DrawOutcome> {
    const [block, witness] = this.#keysOf(day)
    return this.#run(v, 'sequence-last', [this.#names.view, block, witness], [])
  }

  async forget(userId: string, days: readonly string[]): Promise<void> {
    const mirrors = days.map(day => this.#keysOf({ userId, day })[2])
    await guard(this.#breaker, this.#connection.send(['UNLINK', ...mirrors]))
  }

  async note({ day }: SequenceDay, last: number): Promise<void> {
    const commands = [
      ['ZADD', this.#names.sequenceNotes, 'GT', String(last), day],
      ['PEXPIRE', this.#names.sequenceNotes, String(TTL_MS)],
    ]
    await guard(this.#breaker, Promise.all(commands.map(command => this.#connection.send(command))))
  }

  async notes(): Promise<ReadonlyMap<string, number>> {
    const command = ['ZRANGE', this.#names.sequenceNotes, '0', '-1', 'WITHSCORES']
    const reply = await guard(this.#breaker, this.#connection.send(command))
    const texts = Array.isArray(reply) ? reply.map(String) : []
    return new Map(texts.flatMap((day, at) => (at % 2 === 0 ? [[day, Number(texts[at + 1])] as const] : [])))
  }

  async #run(
    v: ViewToken,
    script: (typeof SEQUENCE_SCRIPTS)[number],
    keys: readonly string[],
    args: readonly (number | string)[],
  ): Promise<DrawOutcome> {
    const outcome = await guard(this.#breaker, this.#scripts.call(v, script, keys, [viewText(v), ...args]))
    if (typeof outcome === 'number') return outcome
    if (outcome === 'settings' || outcome === 'stale' || outcome === 'view' || isVacancy(outcome))
      return outcome
    throw new CacheUnavailableError(`the script ${script} gave an unexpected reply`)
  }

  #keysOf({ userId, day }: SequenceDay): readonly [string, string, string] {
    return this.#names.sequence(userId, day)
  }
}
