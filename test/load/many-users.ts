import { onServer } from '../helper/backends.ts'
import { SERVICE } from '../helper/gateway.ts'

/** Rows that one statement makes. */
const USERS_PER_STATEMENT = 2_000

/**
 * Makes `u0`, `u1`, ... with the documents of a user whom the gateway creates, as a gateway would store them. `content`: SQL of
 * their data, from the `kind` and `data` of that user and the number `n`.
 */
export async function makeUsers(
  url: string,
  databaseUrl: string,
  count: number,
  content = 'data',
): Promise<void> {
  const response = await fetch(`${url}/api/users`, {
    method: 'POST',
    headers: { ...SERVICE, 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 'pattern' }),
  })
  if (response.status >= 300) throw new Error(`creating a user was answered with ${response.status}`)
  await onServer(databaseUrl, async client => {
    await client.query(`SELECT set_config('gateway.writer', 'on', false)`)
    for (let first = 0; first < count; first += USERS_PER_STATEMENT) {
      const last = Math.min(count, first + USERS_PER_STATEMENT) - 1
      await client.query(
        `WITH made AS (
           INSERT INTO documents (user_id, kind, version, data, updated_at, updated_by, changed_xid, incarnation)
           SELECT 'u' || n, kind, 1, ${content}, date_trunc('milliseconds', now()), 'load', pg_current_xact_id(), incarnation
           FROM documents, generate_series($1::integer, $2::integer) AS n WHERE user_id = 'pattern'
           RETURNING *)
         INSERT INTO document_history (user_id, kind, version, data, updated_at, updated_by, reason, changes)
         SELECT user_id, kind, version, data, updated_at, updated_by, 'provision', '[]' FROM made`,
        [first, last],
      )
    }
    await client.query('ANALYZE')
  })
}
