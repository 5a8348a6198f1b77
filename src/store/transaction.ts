import type { Pool, PoolClient } from 'pg'
import { CommitUnknownError, WriteConflictError } from '../consistency/store-port.ts'
import type { Availability } from './availability.ts'
import { type Answer, Batch, type Outcome, type Statement } from './batch.ts'
import { asUnavailable, isConflict, isConnectionLost, isOutcomeUnknown } from './database-errors.ts'
import {
  BEGIN,
  COMMIT,
  insistOnCommit,
  isUnreplicated,
  REQUIRE_SAFE,
  UNREPLICATED,
} from './read-committed.ts'

/** An error in the place of its answer was raised before COMMIT. */
const MARK: Statement = { name: 'mark', text: 'SELECT 1', values: [] }

/**
 * One transaction on a connection of its own. @fastify/postgres' `transact` does not look at what COMMIT answered;
 * this one insists on it.
 */
export class Transaction {
  readonly client: PoolClient
  #ended = false
  /** The server did not answer: to ask it for a ROLLBACK would take as long again. */
  #broken = false
  /** Statements that `begin` sent and that are not answered yet. */
  #pending: Promise<Outcome> | undefined

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
      await Batch.run(client, [BEGIN, REQUIRE_SAFE])
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
      transaction.#broken = isConnectionLost(error)
      await transaction.rollback()
      throw asUnavailable(error)
    }
  }

  /** Runs statements in it. WriteConflictError after a deadlock, DatabaseUnavailableError for "not now". */
  async run<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    await this.#expected()
    try {
      return await work(this.client)
    } catch (error) {
      this.#broken ||= isConnectionLost(error)
      throw refusal(error)
    }
  }

  /**
   * Runs a statement and COMMIT in one message, and resolves to what the statement answered. Errors as of `commit`,
   * and as of `run` when the server refused the statement: it carries out nothing behind one that fails, and what it
   * says comes in order, so that an error in place of the statement's answer was raised before COMMIT.
   */
  async runAndCommit(statement: Statement): Promise<Answer> {
    const { sent, answers, notices, error } = await Batch.settle(this.client, [statement, COMMIT])
    const [answer, commit] = answers
    if (error !== undefined) {
      const isUnknown = answer === undefined ? isConnectionLost : isOutcomeUnknown
      if (!sent || !isUnknown(error)) throw refusal(error)
      throw this.#unknown(error)
    }
    this.#release(false)
    insistOnCommit(commit!.command)
    if (isUnreplicated(notices)) throw new CommitUnknownError(UNREPLICATED)
    return answer!
  }

  /** Takes note of what `begin` has sent besides: all other statements wait for its end. */
  expect(pending: Promise<Outcome>): void {
    this.#pending = pending
  }

  /** COMMIT behind the last of the expected statements, whose answer it resolves to. Errors as of `runAndCommit`. */
  async commitExpected(): Promise<Answer> {
    const answers = await this.#expected()
    await this.runAndCommit(MARK)
    return answers.at(-1)!
  }

  /** The answers to what is expected. Errors as of `run`. */
  async #expected(): Promise<readonly Answer[]> {
    if (this.#pending === undefined) return []
    const { answers, error } = await this.#pending
    if (error === undefined) return answers
    this.#broken ||= isConnectionLost(error)
    throw refusal(error)
  }

  /** CommitUnknownError when it is open what became of it, or whether a standby that must have it has it; DatabaseUnavailableError when nothing was stored. */
  async commit(): Promise<void> {
    const { sent, answers, notices, error } = await Batch.settle(this.client, [COMMIT])
    if (error !== undefined) {
      if (sent && isOutcomeUnknown(error)) throw this.#unknown(error)
      this.#release(true)
      throw asUnavailable(error)
    }
    this.#release(false)
    insistOnCommit(answers[0]!.command)
    if (isUnreplicated(notices)) throw new CommitUnknownError(UNREPLICATED)
  }

  /** Never throws. */
  async rollback(): Promise<void> {
    if (this.#ended) return
    await this.#expected().catch(() => {})
    if (this.#broken) return this.#release(true)
    try {
      await this.client.query('ROLLBACK')
      this.#release(false)
    } catch {
      this.#release(true)
    }
  }

  #unknown(error: unknown): CommitUnknownError {
    this.#release(true)
    return new CommitUnknownError('the answer to COMMIT did not arrive', { cause: error })
  }

  #release(broken: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.client.release(broken)
  }
}

function refusal(error: unknown): unknown {
  if (!isConflict(error)) return asUnavailable(error)
  return new WriteConflictError('the transaction must be tried again', { cause: error })
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
