import pg from 'pg'

/** What the bot did before there was a gateway: one statement per table of settings. */
const GROUPS = [
  ['settings'],
  ['mode.ultra', 'mode.scalp', 'mode.swing', 'mode.position'],
  ['scalp_reentry'],
  ['circuit_breaker', 'capital_allocation', 'llm_config'],
  ['safety.ultra', 'safety.scalp', 'safety.swing', 'safety.position'],
] as const
const CONNECTIONS = 10

/** Reads the documents of a decision cycle with five SELECTs, one after the other, straight from the database. */
export class FiveSelects {
  readonly #pool: pg.Pool

  constructor(databaseUrl: string) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS })
    this.#pool.on('error', () => {})
  }

  /** Resolves to the number of documents. */
  async read(userId: string): Promise<number> {
    let documents = 0
    for (const [index, kinds] of GROUPS.entries()) {
      const { rows } = await this.#pool.query({
        name: `five-selects-${index}`,
        text: 'SELECT kind, version, data FROM documents WHERE user_id = $1 AND kind = ANY($2)',
        values: [userId, kinds],
      })
      documents += rows.length
    }
    return documents
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}
