import type { ClientBase } from 'pg'

/** A document as it is stored. */
export interface StoredDocument {
  readonly user_id: string
  readonly kind: string
  /** JSON text. */
  readonly data: string
}

/** Up to `limit` documents behind the one of `after`, in the order of the primary key; '' and '' = from the beginning. */
export async function selectStoredDocuments(
  client: Pick<ClientBase, 'query'>,
  after: Pick<StoredDocument, 'user_id' | 'kind'>,
  limit: number,
): Promise<readonly StoredDocument[]> {
  const { rows } = await client.query<StoredDocument>(
    `SELECT user_id, kind, data::text AS data FROM documents
     WHERE (user_id, kind) > ($1, $2) AND data IS NOT NULL
     ORDER BY user_id, kind LIMIT $3`,
    [after.user_id, after.kind, limit],
  )
  return rows
}

/** One document as it is stored; undefined = there is none. */
export async function selectStoredDocument(
  client: Pick<ClientBase, 'query'>,
  { user_id, kind }: Pick<StoredDocument, 'user_id' | 'kind'>,
): Promise<StoredDocument | undefined> {
  const { rows } = await client.query<StoredDocument>(
    'SELECT user_id, kind, data::text AS data FROM documents WHERE user_id = $1 AND kind = $2 AND data IS NOT NULL',
    [user_id, kind],
  )
  return rows[0]
}
