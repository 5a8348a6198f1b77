import { type ClientBase, type Connection, type Pool, type Submittable, types } from 'pg'
import { textArray } from './text-array.ts'

/**
 * A statement with a name is parsed once per connection, one with the name '' each time. Values are sent as text, null as NULL,
 * arrays in the binary form of text[]: a parameter that is one must have that type.
 */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly (string | null | readonly (string | null)[])[]
}

/** What one statement of a batch answered. */
export interface Answer {
  /** The command tag, such as `SELECT 1` or `COMMIT`. */
  readonly command: string
  readonly rows: readonly Record<string, unknown>[]
}

/** A NoticeResponse; the texts may be translated. */
export interface Notice {
  readonly message?: string | undefined
  readonly code?: string | undefined
  /** The function of the server's source that said it. */
  readonly routine?: string | undefined
}

interface Field {
  readonly name: string
  readonly parse: (text: string) => unknown
}

/** How far a batch came. */
export interface Outcome {
  /** False = the connection was broken before, and the server got nothing. */
  readonly sent: boolean
  /** The answers that arrived, in the order of the statements. */
  readonly answers: readonly Answer[]
  /** What the server remarked meanwhile. */
  readonly notices: readonly Notice[]
  /** What the server said to the next one, or what broke the connection; undefined when all were answered. */
  readonly error?: unknown
}

type Callback = (error?: unknown) => void

/** The first statements of a batch, whose answers do not wait for the last one. */
interface Head {
  readonly count: number
  readonly answered: (answers: readonly Answer[]) => void
}

/** The message Flush of the protocol: the server sends the answers that it has so far. */
const FLUSH = Buffer.from([0x48, 0, 0, 0, 4])

/** Statements that a connection has parsed, with the fields of their rows, which stay: the server refuses a plan that would change them. */
const parsed = new WeakMap<Connection, Map<string, readonly Field[]>>()

/**
 * Statements in one message, with one Sync behind the last: one round trip, and no parsing. The server runs them in
 * their order, each with a snapshot of its own (READ COMMITTED), and none behind one that fails.
 */
export class Batch implements Submittable {
  readonly #statements: readonly Statement[]
  readonly #head: Head | undefined
  readonly #answers: Answer[] = []
  /** Of the statement that is answered; undefined = it was not described. */
  #fields: readonly Field[] | undefined
  #rows: Record<string, unknown>[] = []
  #known: Map<string, readonly Field[]> | undefined
  #sent = false
  #failed = false
  /** node-postgres wraps it to bound the wait. */
  callback: Callback

  private constructor(statements: readonly Statement[], callback: Callback, head?: Head) {
    this.#statements = statements
    this.#head = head
    this.callback = callback
  }

  /** Rejects with what the server said, or with what broke the connection. */
  static async run(client: ClientBase, statements: readonly Statement[]): Promise<readonly Answer[]> {
    const { answers, error } = await Batch.settle(client, statements)
    if (error !== undefined) throw error
    return answers
  }

  /** One statement on a connection of the pool: half the processor time of `pool.query`. Rejects as `run` does. */
  static async runOne(pool: Pool, statement: Statement): Promise<Answer> {
    const client = await pool.connect()
    let failure: unknown
    try {
      return (await Batch.run(client, [statement]))[0]!
    } catch (error) {
      failure = error
      throw error
    } finally {
      client.release(failure instanceof Error ? failure : undefined)
    }
  }

  /** The same, but a failure is a result that tells how far the batch came. Never rejects. */
  static settle(client: ClientBase, statements: readonly Statement[]): Promise<Outcome> {
    return Batch.#settle(client, statements)
  }

  /**
   * The same, and resolves as soon as all but the last statement are answered; `ended` is how far the whole batch came, and never
   * rejects. One message: a process that stopped between two would keep the locks of the first ones for ever, because the
   * server takes a session that waits for Sync for active (idle_in_transaction_session_timeout). Rejects as `run` does.
   */
  static async runAhead(
    client: ClientBase,
    statements: readonly Statement[],
  ): Promise<{ readonly answers: readonly Answer[]; readonly ended: Promise<Outcome> }> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>()
    const ended = Batch.#settle(client, statements, { count: statements.length - 1, answered: resolve })
    void ended.then(({ error }) => reject(error))
    return { answers: await promise, ended }
  }

  static #settle(client: ClientBase, statements: readonly Statement[], head?: Head): Promise<Outcome> {
    return new Promise(resolve => {
      const notices: Notice[] = []
      const hear = (notice: Notice) => notices.push(notice)
      client.on('notice', hear)
      const ended: Callback = error => {
        client.off('notice', hear)
        resolve({ sent: batch.#sent, answers: batch.#answers, notices, error: error ?? undefined })
      }
      const batch = new Batch(statements, ended, head)
      client.query(batch)
    })
  }

  submit(connection: Connection): void {
    this.#sent = true
    this.#known = parsed.get(connection)
    if (this.#known === undefined) {
      this.#known = new Map()
      parsed.set(connection, this.#known)
    }
    connection.stream.cork()
    this.#statements.forEach((statement, i) => {
      if (i === this.#head?.count) connection.stream.write(FLUSH)
      this.#send(connection, statement)
    })
    connection.sync()
    connection.stream.uncork()
  }

  #send(connection: Connection, { name, text, values }: Statement): void {
    const isNew = !this.#known!.has(name)
    if (isNew) {
      // An earlier batch may have failed behind its parsing. Closing one that does not exist is no error.
      connection.close({ type: 'S', name }, true)
      connection.parse({ name, text, types: [] }, true)
    }
    connection.bind({ statement: name, values: values.map(inBytes) }, true)
    if (isNew) connection.describe({ type: 'P', name: '' }, true)
    connection.execute({ portal: '' }, true)
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#fields = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: types.getTypeParser(dataTypeID, 'text'),
    }))
  }

  handleDataRow({ fields: values }: { fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    this.#fields ??= this.#known!.get(this.#current!.name)!
    this.#fields.forEach(({ name, parse }, i) => {
      const value = values[i]!
      row[name] = value === null ? null : parse(value)
    })
    this.#rows.push(row)
  }

  /** The statement that is answered next. */
  get #current(): Statement | undefined {
    return this.#statements[this.#answers.length]
  }

  handleCommandComplete({ text }: { text: string }): void {
    const { name } = this.#current!
    // A statement without a name is parsed each time: its text differs.
    if (name !== '' && !this.#known!.has(name)) this.#known!.set(name, this.#fields ?? [])
    this.#answers.push({ command: text, rows: this.#rows })
    this.#rows = []
    this.#fields = undefined
    if (this.#answers.length === this.#head?.count) this.#head.answered([...this.#answers])
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.callback()
  }

  handleError(error: unknown): void {
    this.#failed = true
    // It may be what the server holds under that name: next time it is parsed again.
    const failed = this.#current
    if (failed !== undefined) this.#known?.delete(failed.name)
    this.callback(error)
  }
}

/** A Buffer is sent as binary. */
function inBytes(value: Statement['values'][number]): string | Buffer | null {
  return typeof value === 'string' || value === null ? value : textArray(value)
}
