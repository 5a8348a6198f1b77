import { ServerCheck, type ServerState } from './server-check.ts'
import type { RedisHealth, RedisStatus } from './status-service.ts'

/** One Redis as this instance sees it. */
export interface RedisState extends ServerState {
  /** Keys of other programs that were seen in the database; there may be more. */
  readonly foreignKeys: number
}

/** The RedisStatus of one server. */
export class SingleRedisStatus implements RedisStatus {
  readonly #redis: RedisState
  readonly #check: ServerCheck

  constructor(redis: RedisState) {
    this.#redis = redis
    this.#check = new ServerCheck(redis)
  }

  health(): Promise<RedisHealth> {
    return this.#check.health()
  }

  warnings({ status }: RedisHealth, databaseUp: boolean): readonly string[] {
    const { refusal, foreignKeys } = this.#redis
    return [
      ...(refusal === undefined ? [] : [`the cache is not used: ${refusal}`]),
      ...(foreignKeys === 0
        ? []
        : [
            `the Redis database holds keys of other programs (${foreignKeys} seen): they are left alone, but emptying the database empties the cache as well`,
          ]),
      ...(status === 'up'
        ? []
        : [`Redis is not usable${databaseUp ? ': everything is answered from PostgreSQL' : ''}`]),
    ]
  }

  partitions(): undefined {
    return undefined
  }
}
