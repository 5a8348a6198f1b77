import type { Pool, PoolClient } from 'pg'
import { CommitUnknownError, DatabaseUnavailableError, WriteConflictError } from '../consistency/ports.ts'
import type { Availability } from './availability.ts'
import { asUnavailable, isConflict, isOutcomeUnknown } from './database-errors.ts'

/**
 * One transaction on a connection of its own. @fastify/postgres' `transact` does not look at what COMMIT answered;
 * this one insists on it.
 */
export class Transaction {
  readonly client: PoolClient
  #ended = false

  private constructor(client: PoolClient) {
    this.client = client
  }

  /** Begins, and runs `setUp` in it; any failure gives the connection back. */
  static begin<T>(
    pool: Pool,
    availability: Availability,
    setUp: (client: PoolClient) => Promise<T>,
  ): Promise<{ transaction: Transaction; state: T }> {
    return Transaction.open(pool, availability, async client => {
      await client.query('BEGIN')
      return await setUp(client)
    })
  }

  /** The same when `begin` sends BEGIN itself, together with what follows. */
  static async open<T>(
    pool: Pool,
    availability: Availability,
    begin: (client: PoolClient) => Promise<T>,
  ): Promise<{ transaction: Transaction; state: T }> {
    const transaction = new Transaction(await connect(pool, availability))
    try {
      return { transaction, state: await begin(transaction.client) }
    } catch (error) {
      await transaction.rollback()
      throw asUnavailable(error)
    }
  }

  /** Runs statements in it. WriteConflictError after a deadlock, DatabaseUnavailableError for "not now". */
  async run<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await work(this.client)
    } catch (error) {
      if (isConflict(error))
        throw new WriteConflictError('the transaction must be tried again', { cause: error })
      throw asUnavailable(error)
    }
  }

  /** CommitUnknownError when it is open what became of it, DatabaseUnavailableError when nothing was stored. */
  async commit(): Promise<void> {
    let command: string
    try {
      command = (await this.client.query('COMMIT')).command
    } catch (error) {
      this.#release(true)
      if (!isOutcomeUnknown(error)) throw asUnavailable(error)
      throw new CommitUnknownError('the answer to COMMIT did not arrive', { cause: error })
    }
    this.#release(false)
    if (command !== 'COMMIT') throw new DatabaseUnavailableError(`the server answered ${command} to COMMIT`)
  }

  /** Never throws. */
  async rollback(): Promise<void> {
    if (this.#ended) return
    try {
      await this.client.query('ROLLBACK')
      this.#release(false)
    } catch {
      this.#release(true)
    }
  }

  #release(broken: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.client.release(broken)
  }
}

/** Gives up at once when the database is found to be away; a connection that comes later goes back. */
async function connect(pool: Pool, availability: Availability): Promise<PoolClient> {
  let connecting: Promise<PoolClient> | undefined
  try {
    return await availability.race(() => (connecting = pool.connect()))
  } catch (error) {
    connecting?.then(
      client => client.release(),
      () => {},
    )
    throw asUnavailable(error)
  }
}
